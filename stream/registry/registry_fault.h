/* How a request to a schema registry can fail. */
#ifndef FRESHET_STREAM_REGISTRY_REGISTRY_FAULT_H
#define FRESHET_STREAM_REGISTRY_REGISTRY_FAULT_H

/* Size of a buffer for a fault in words, with the final NUL; longer texts are cut. */
enum { REGISTRY_WHY_BYTES = 400 };

/* Requests return 0 on success, else one of these. */
enum registry_fault {
    REGISTRY_AWAY = -1,         /* no usable answer: ask again later */
    REGISTRY_ABSENT = -2,       /* no such subject, version or schema (40401-40403) */
    REGISTRY_INCOMPATIBLE = -3, /* the subject's compatibility rule forbids this schema (409) */
    REGISTRY_INVALID = -4,      /* the registry calls it no schema (422), or we cannot use it */
    REGISTRY_REFUSED = -5,      /* rights, certificates or address: needs operator action */
};

#endif
