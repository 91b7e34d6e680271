# blocks.awk - cut the shell blocks out of tools/README.md: one file each in `to`, named NNN.MACHINE.SECTION.COUNT, where
# SECTION is the heading in lower case with _ for what is no letter or digit. ```sh is for the service's machine,
# ```sh root for the root's.
/^#+ / {
	section = tolower($0)
	sub(/^#+ /, "", section)
	gsub(/[^a-z0-9]+/, "_", section)
	count = 0
	next
}
/^```sh( root)?$/ {
	file = sprintf("%s/%03d.%s.%s.%d", to, ++number, $2 == "root" ? "root" : "here", section, ++count)
	printf "" >file
	next
}
/^```/ {
	if (file != "")
		close(file)
	file = ""
	next
}
file != "" { print >file }
