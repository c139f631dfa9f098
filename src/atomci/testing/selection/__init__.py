"""Which tests a change reaches."""
