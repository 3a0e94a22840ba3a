{{ staged("returns") }}
