"""The journal: the one file in which a terminal keeps every promise it made.

Start reading at `kiosk.journal.journal`.  Inside the package arrows run down only:
`journal > salvage, replacement, backup, verification > outbox, entries, print_jobs, inbox, retention, audit_roots >
attachments, audit, likeness, settings > receipts, sealing, schema > database`.
"""
