"""Values and rules of the business: what a resident, a case, a receipt and a device state are."""
