"""Finds in the logs of Postfix and Exim the fate of our messages, by Message-ID. Reads files, writes nothing.

A log holds words of strangers: a line that does not have exactly the form that Postfix or Exim writes says
nothing here.
"""
