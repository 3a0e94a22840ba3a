"""The words of the shop: reviews, tickets, searches. Short, in Chinese and English, matching what happened."""

from __future__ import annotations

import polars as pl

# By language (0 English, 1 Chinese) and rating 1-5; three ways to say it.
_REVIEWS = {
    (0, 1): (
        "Broke after one day, never again.",
        "Terrible quality and it came late.",
        "Not as described. Very angry.",
    ),
    (0, 2): ("Disappointing for the price.", "Smells odd, stitching is loose.", "Late and the box was damaged."),
    (0, 3): ("It is okay, nothing special.", "Does the job, slow delivery.", "Average, a bit expensive."),
    (0, 4): ("Good, would buy again.", "Nice quality, quick delivery.", "Works well, happy enough."),
    (0, 5): ("Excellent, love it!", "Perfect, arrived early.", "Great value, highly recommended."),
    (1, 1): ("用了一天就坏了，再也不买了", "质量太差，而且很晚才到", "与描述不符，非常生气"),
    (1, 2): ("这个价格有点失望", "有异味，做工粗糙", "物流慢，包装破损"),
    (1, 3): ("一般般，没什么特别", "能用，送货慢", "普通，有点贵"),
    (1, 4): ("不错，会再买", "质量好，发货快", "好用，比较满意"),
    (1, 5): ("非常好，很喜欢！", "完美，提前送到", "物超所值，强烈推荐"),
}
WAYS = 3
# Index: (language * 5 + rating - 1) * WAYS + way.
REVIEWS = pl.Series([text for key in sorted(_REVIEWS) for text in _REVIEWS[key]])
LANGUAGES = pl.Series(["en", "zh"])

TOPICS = pl.Series(["delivery", "quality", "payment", "account", "product_question"])
# By language and topic.
TICKETS = pl.Series(
    ["Where is my parcel?", "The item is faulty, what now?", "I was charged twice.", "I cannot log in.",
     "Does this come in another size?",
     "我的包裹在哪里？", "商品有问题，怎么办？", "被重复扣款了", "无法登录账号", "有其他尺码吗？"]
)  # fmt: skip

RETURN_REASONS = pl.Series(["defective", "arrived_late", "changed_mind", "wrong_size"])

# By category (in the order of world.CATEGORIES) and way.
SEARCHES_PER_CATEGORY = 4
SEARCHES = pl.Series(
    ["lipstick", "face cream", "口红", "面膜", "crime novel", "cookbook", "小说", "菜谱", "headphones", "phone charger",
     "耳机", "充电器", "winter coat", "summer dress", "羽绒服", "连衣裙", "olive oil", "coffee beans", "咖啡豆", "坚果",
     "garden hose", "tomato seeds", "花盆", "种子", "desk lamp", "bed linen", "台灯", "四件套", "stroller", "diapers",
     "婴儿车", "纸尿裤", "cat food", "dog leash", "猫粮", "狗绳", "running shoes", "boots", "跑鞋", "靴子", "yoga mat",
     "football", "瑜伽垫", "篮球", "building blocks", "puzzle", "积木", "拼图"]
)  # fmt: skip
