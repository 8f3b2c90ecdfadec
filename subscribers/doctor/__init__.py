"""Looks at everything that sending rests on, before anything is sent; changes nothing and sends nothing."""
