"""Networks of others, read from files that a person names: teachers, judges and peers. The app never imports them."""
