"""A result folder → the analysed study, as frozen records: facts without a sentence."""
