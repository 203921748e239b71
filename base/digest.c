#include "base/base.h"
#include "base/digest.h"
#include "base/xalloc.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <sys/random.h>

/* ---- SHA-256 ---- */

struct digest {
    EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
    struct digest *digest = xcalloc(1, sizeof(*digest));
    digest->context = EVP_MD_CTX_new();
    assert(digest->context);
    digest_start(digest);
    return digest;
}

struct digest *digest_free(struct digest *digest)
{
    if (!digest) { return NULL; }
    EVP_MD_CTX_free(digest->context);
    free(digest);
    return NULL;
}

void digest_start(struct digest *digest)
{
    int done = EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL);
    assert(done == 1);
}

void digest_add(struct digest *digest, struct slice text)
{
    const uint64_t size = text.data ? (uint64_t)text.size : UINT64_MAX;
    unsigned char head[sizeof(size)];
    for (size_t i = 0; i < sizeof(head); i++) { head[i] = (unsigned char)(size >> (8 * i)); }
    int done = EVP_DigestUpdate(digest->context, head, sizeof(head));
    assert(done == 1);
    if (!text.data || !text.size) { return; }
    done = EVP_DigestUpdate(digest->context, text.data, text.size);
    assert(done == 1);
}

void digest_finish(struct digest *digest, unsigned char ret_bytes[DIGEST_BYTES])
{
    unsigned size = 0;
    int done = EVP_DigestFinal_ex(digest->context, ret_bytes, &size);
    assert(done == 1 && size == DIGEST_BYTES);
}

/* ---- HMAC ---- */

struct mac {
    EVP_MAC_CTX *context; /* holds the key; started again for each text */
};

struct mac *mac_new(struct slice key)
{
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    struct mac *mac = xcalloc(1, sizeof(*mac));
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    assert(hmac);
    mac->context = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    assert(mac->context);
    int done = EVP_MAC_init(mac->context, (const unsigned char *)key.data, key.size, params);
    assert(done == 1);
    return mac;
}

struct mac *mac_free(struct mac *mac)
{
    if (!mac) { return NULL; }
    EVP_MAC_CTX_free(mac->context);
    free(mac);
    return NULL;
}

/* Without a key argument, init starts again with the present key. */
void mac_of(struct mac *mac, struct slice text, unsigned char ret_bytes[DIGEST_BYTES])
{
    size_t size = 0;
    int done = EVP_MAC_init(mac->context, NULL, 0, NULL);
    assert(done == 1);
    done = EVP_MAC_update(mac->context, (const unsigned char *)text.data, text.size);
    assert(done == 1);
    done = EVP_MAC_final(mac->context, ret_bytes, &size, DIGEST_BYTES);
    assert(done == 1 && size == DIGEST_BYTES);
}

/* ---- Bytes ---- */

void digest_random(void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = getrandom((char *)bytes + at, size - at, 0);
        assert(got > 0 || errno == EINTR);
        at += got > 0 ? (size_t)got : 0;
    }
}

void digest_wipe(void *bytes, size_t size)
{
    OPENSSL_cleanse(bytes, size);
}

void digest_hex(const unsigned char *bytes, size_t size, char *ret_text)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = hex[bytes[i] >> 4];
        ret_text[2 * i + 1] = hex[bytes[i] & 15];
    }
    ret_text[2 * size] = '\0';
}
