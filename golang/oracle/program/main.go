// Answers requests about the runtime's own page heap code on standard input and output.
package main

import (
	"hash/crc32"
	"runtime"
	"runtime/debug"
)

func main() {
	debug.SetGCPercent(-1) // a collection of this program's own heap would change what is counted
	runtime.OracleServe(crc32.ChecksumIEEE)
}
