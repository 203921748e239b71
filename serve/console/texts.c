#include "base/base.h"
#include "serve/console/texts.h"

/* One row a text: English, Chinese. tests/unit/serve/console/test_texts.c: no text is missing. */
static const char *const texts[TEXTS][LANGUAGES] = {
    [TEXT_TITLE] = {"Freshet console", "Freshet 控制台"},
    [TEXT_SKIP] = {"Skip to the content", "跳到正文"},
    [TEXT_USER] = {"User", "用户"},
    [TEXT_ITEM] = {"Item", "物品"},
    [TEXT_TRY] = {"Try it", "试一试"},
    [TEXT_OTHER_LANGUAGE] = {"中文", "English"},
    [TEXT_USER_ID] = {"User id", "用户 ID"},
    [TEXT_ITEM_ID] = {"Item id", "物品 ID"},
    [TEXT_SHOW] = {"Show", "查看"},
    [TEXT_USER_ABOUT] = {"What a user did, beside the list that was made of it.",
                         "用户的行为，以及由此生成的推荐列表。"},
    [TEXT_ITEM_ABOUT] = {"An item of the catalogue and its neighbours.", "目录中的物品及其相邻物品。"},
    [TEXT_TRY_ABOUT] = {"Choose items and get a list at once, as a visitor who looked at them.",
                        "选择几个物品，立即得到一个刚看过它们的访客的推荐列表。"},
    [TEXT_ACTIONS] = {"Latest actions", "最近的行为"},
    [TEXT_LIST] = {"Recommendations", "推荐列表"},
    [TEXT_NO_ACTIONS] = {"No action of this user is known.", "没有该用户的行为记录。"},
    [TEXT_NO_LIST] = {"This user has no list.", "该用户没有推荐列表。"},
    [TEXT_NO_ITEM] = {"This item is not known.", "没有这个物品。"},
    [TEXT_PLACE] = {"Place", "名次"},
    [TEXT_REASON] = {"Reason", "理由"},
    [TEXT_EVIDENCE] = {"Evidence", "依据数"},
    [TEXT_SCORE] = {"Score", "得分"},
    [TEXT_KIND] = {"Kind", "类型"},
    [TEXT_TIME] = {"Time (UTC)", "时间 (UTC)"},
    [TEXT_MADE] = {"Made", "生成于"},
    [TEXT_MODEL] = {"Model", "模型"},
    [TEXT_GENERATION] = {"Generation", "代"},
    [TEXT_CAUSE] = {"Cause", "原因"},
    [TEXT_COUNTED] = {"Actions", "行为数"},
    [TEXT_WHY_NOT] = {"Why not this item? (id)", "为什么没有这个物品？(ID)"},
    [TEXT_ASK] = {"Ask", "查询"},
    [TEXT_REMOVED] = {"Removed by rules", "被规则移除"},
    [TEXT_RULE] = {"Rule", "规则"},
    [TEXT_NOT_UNKNOWN] = {"It is neither in the catalogue nor was it ever acted on.",
                          "它不在目录中，也没有任何人对它有过行为。"},
    [TEXT_NOT_BARRED] = {"It is not available at present.", "它目前不可用。"},
    [TEXT_NOT_HAD] = {"The user has had it already.", "用户已经有过它。"},
    [TEXT_NOT_RULE] = {"A rule removed it:", "一条规则移除了它："},
    [TEXT_NOT_LISTED] = {"It is on the list, at place", "它在列表中，名次："},
    [TEXT_NOT_WEAK] = {"Other items have higher scores. Its score now:",
                       "其他物品的得分更高。它现在的得分："},
    [TEXT_NOT_UNRANKED] = {"It cannot be ranked for this user.", "无法为该用户给它排名。"},
    [TEXT_LAST_SCORE] = {"Score of the last one on the list:", "列表中最后一个的得分："},
    [TEXT_BECAUSE] = {"Because of", "因为"},
    [TEXT_POPULAR] = {"Popular", "热门"},
    [TEXT_TRENDING] = {"Popular of late", "近期热门"},
    [TEXT_NEW] = {"New in the catalogue", "新上架"},
    [TEXT_TAGS] = {"Its tags are like those of", "标签相近于"},
    [TEXT_OTHER] = {"By the sequence model or another member", "由序列模型或其他模型给出"},
    [TEXT_ATTRIBUTES] = {"Attributes", "属性"},
    [TEXT_TAG_WORDS] = {"Tags", "标签"},
    [TEXT_PRICE] = {"Price", "价格"},
    [TEXT_CREATED] = {"Created (UTC)", "创建于 (UTC)"},
    [TEXT_AVAILABLE] = {"Available", "可用"},
    [TEXT_NOT_AVAILABLE] = {"Not available", "不可用"},
    [TEXT_SIMILAR] = {"Similar items", "相似物品"},
    [TEXT_TOGETHER] = {"Often near each other", "常在一起出现"},
    [TEXT_SUPPORT] = {"Support", "支持数"},
    [TEXT_NO_NEIGHBOURS] = {"It has no neighbours yet.", "还没有相邻物品。"},
    [TEXT_SEARCH] = {"Search by title or id", "按标题或 ID 搜索"},
    [TEXT_FIND] = {"Search", "搜索"},
    [TEXT_CHOSEN] = {"Chosen", "已选择"},
    [TEXT_CHOOSE] = {"Choose", "选择"},
    [TEXT_REMOVE] = {"Remove", "移除"},
    [TEXT_NOTHING_FOUND] = {"Nothing was found.", "没有找到。"},
    [TEXT_NOTHING_CHOSEN] = {"Nothing is chosen yet. Popular items:", "还没有选择。热门物品："},
    [TEXT_SESSION_LIST] = {"List for this session", "本次会话的列表"},
    [TEXT_DATA_AGE] = {"Age of the data", "数据时效"},
    [TEXT_JSON] = {"This page as JSON", "本页的 JSON"},
    [TEXT_LOADING] = {"The tables are being loaded; try again.", "正在加载数据，请稍后再试。"},
    [TEXT_BAD_ID] = {"Want an id in UTF-8 of limited length.", "ID 须为长度有限的 UTF-8 文本。"},
    [TEXT_DAMAGED] = {"The stored row cannot be read; delete state.dir.",
                      "存储的数据无法读取；请删除 state.dir。"},
    [TEXT_AGO_S] = {"s ago", "秒前"},
    [TEXT_AGO_MIN] = {"min ago", "分钟前"},
    [TEXT_AGO_H] = {"h ago", "小时前"},
    [TEXT_AGO_D] = {"days ago", "天前"},
    [TEXT_NOT_A_PAGE] = {"There is no such page.", "没有这个页面。"},
    [TEXT_NO_TOKEN] = {"A token is needed: give it as the password.", "需要令牌：请作为密码输入。"},
    [TEXT_LETTERS] = {"Dead letters", "死信"},
    [TEXT_LETTERS_ABOUT] = {"Records that a worker refused: the newest 500, of which 50 are shown.",
                            "被拒绝的记录：最新的 500 条，显示其中 50 条。"},
    [TEXT_NO_LETTERS] = {"There are no dead letters.", "没有死信。"},
    [TEXT_BY_REASON] = {"By reason", "按原因"},
    [TEXT_KEY] = {"Key", "键"},
    [TEXT_VALUE] = {"Value", "值"},
    [TEXT_QUALITY] = {"Quality", "质量"},
    [TEXT_QUALITY_ABOUT] = {"Was a user's next action on the list that the user had been given? "
                            "The last 24 hours.",
                            "用户的下一个行为是否在其推荐列表中？最近 24 小时。"},
    [TEXT_NO_QUALITY] = {"No list has been followed by an action of its user yet.",
                         "还没有列表之后出现过其用户的行为。"},
    [TEXT_BY_HOUR] = {"By hour", "按小时"},
    [TEXT_BY_MODEL] = {"By model and segment", "按模型和用户群"},
    [TEXT_BY_KIND] = {"By kind of the next action", "按下一个行为的类型"},
    [TEXT_ALL_HOURS] = {"Hours together", "小时合计"},
    [TEXT_HOUR] = {"Hour (UTC)", "小时 (UTC)"},
    [TEXT_JUDGED] = {"Judged lists", "已评列表"},
    [TEXT_HIT] = {"hit@10", "命中率@10"},
    [TEXT_NDCG] = {"NDCG@10", "归一化增益@10"},
    [TEXT_COVERAGE] = {"Coverage, at least", "覆盖率下限"},
    [TEXT_NOVELTY] = {"Novelty (bits)", "新颖度 (比特)"},
    [TEXT_REPEATS] = {"Had before", "曾经有过"},
    [TEXT_UNLISTED] = {"Actions without a list", "无列表的行为"},
    [TEXT_LISTS] = {"Lists", "列表数"},
    [TEXT_OTHERS] = {"all others", "其他"},
    [TEXT_SEGMENT] = {"Actions of the user", "用户行为数"},
    [TEXT_SEGMENT_NEW] = {"at most 2", "最多 2"},
    [TEXT_SEGMENT_FEW] = {"3 to 19", "3 至 19"},
    [TEXT_SEGMENT_MANY] = {"20 or more", "20 以上"},
    [TEXT_TRIAL] = {"Trial", "试验"},
    [TEXT_ARM_LIVE] = {"live", "线上"},
    [TEXT_ARM_TRIAL] = {"on trial", "试验中"},
    [TEXT_TRIAL_RUNS] = {"It runs", "进行中"},
    [TEXT_TRIAL_OVER] = {"It is over", "已结束"},
    [TEXT_TRIAL_STOPPED] = {"It was stopped", "已停止"},
    [TEXT_TRIAL_TAKEN_BACK] = {"It was taken back by its guard rail", "已被防护规则撤回"},
    [TEXT_TRIAL_PROMOTED] = {"Its generation was promoted", "该代已上线"},
    [TEXT_TRIAL_TOO_FEW] = {"Too few lists were judged to say more.", "已评列表太少，尚无结论。"},
    [TEXT_TRIAL_UNDECIDED] = {"No difference is certain yet.", "尚无确定的差异。"},
    [TEXT_TRIAL_WORSE] = {"The generation on trial is worse.", "试验中的代更差。"},
    [TEXT_TRIAL_BETTER] = {"The generation on trial is better.", "试验中的代更好。"},
    [TEXT_ACTION_OTHER] = {"other", "其他"},
    [TEXT_ACTION_VIEW] = {"view", "浏览"},
    [TEXT_ACTION_CLICK] = {"click", "点击"},
    [TEXT_ACTION_LIKE] = {"like", "喜欢"},
    [TEXT_ACTION_CART] = {"cart", "加购"},
    [TEXT_ACTION_PURCHASE] = {"purchase", "购买"},
    [TEXT_ACTION_RATING] = {"rating", "评分"},
    [TEXT_ACTION_DISLIKE] = {"dislike", "不喜欢"},
};

const char *text_of(enum text text, enum language language)
{
    return texts[text][language];
}

static bool is_language(const char *tag, enum language *ret_language)
{
    static const char *const tags[LANGUAGES] = {"en", "zh"};
    for (int language = 0; language < LANGUAGES; language++) {
        if (strncasecmp(tag, tags[language], 2) == 0 && (!tag[2] || strchr("-,; ", tag[2]))) {
            *ret_language = (enum language)language;
            return true;
        }
    }
    return false;
}

enum language text_language(const char *asked, const char *accepted)
{
    enum language language = LANGUAGE_EN;
    if (asked && is_language(asked, &language)) { return language; }
    for (const char *at = accepted; at; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (is_language(at, &language)) { break; }
    }
    return language;
}
