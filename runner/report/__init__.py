"""The outputs of a study: an analysed study in, text, tables and plots out."""
