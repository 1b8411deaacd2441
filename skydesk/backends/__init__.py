"""Everything that talks to the outside: databases, disks, processes, mail. Errors of theirs become ours here."""
