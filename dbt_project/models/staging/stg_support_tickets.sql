{{ staged("support_tickets") }}
