"""What sending costs, beside its yardsticks and peers in the same run (`kiosk bench drain`)."""
