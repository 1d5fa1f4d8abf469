"""The face's ways to what is not a face: the devices process, the sync process, the journal."""
