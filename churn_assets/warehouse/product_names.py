"""Names of products that a text can hold: what the shop calls this product, and no other half of its products.

An export without names often fills the column with the id, a dash, or one word for everything: none of these enters a
message. Sizes and colours of one product may share its name.
"""

from __future__ import annotations

from churn_assets.contracts.counted import counted_at

# Allowed: one line without signs that change its direction, and without braces, which would be taken for a slot when
# the text is filled; with a letter or a digit.
NAME = r"[^\p{Cc}\p{Zl}\p{Zp}\x{202A}-\x{202E}\x{2066}-\x{2069}{}]{1,120}"
LETTER = r"[\p{L}\p{N}]"
NAMED_PRODUCTS = f"""
select product_id, url, image_url, category,
       case when regexp_full_match(name, $name) and regexp_matches(name, $letter) and trim(name) <> product_id
           and (alike <= $most_alike_share * named or named < $least_named)
         then name end as name
from (
  select *, count(name) over () as named, count(*) over (partition by lower(trim(name))) as alike
  from marts.dim_products where {counted_at()}
)
"""
NAMED_LIMITS = {
    "name": NAME,
    "letter": LETTER,
    "most_alike_share": 0.5,  # of the products with a name: one word for more of them is a placeholder
    "least_named": 5,  # a shop of two sizes of one thing is a shop
}
