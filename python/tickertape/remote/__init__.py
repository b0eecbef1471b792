"""Log directories in object stores: what writers upload and readers fetch, as slices of event files."""
