// A workload that takes the page heap through every kind of recorded event: size classes from 8
// bytes to large objects, spans that cross arenas, growing stacks, finalizers, forced and
// concurrent collections, freed memory, user arenas.
//
// It imports package runtime only, so a change of the runtime rebuilds two packages.
//
// Usage: workload [rounds [arenas]]: rounds per worker, user arenas in all.
package main

import (
	"runtime"
	"unsafe"
)

//go:linkname arguments os.runtime_args
func arguments() []string

//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(percent int32) int32

//go:linkname freeOSMemory runtime/debug.freeOSMemory
func freeOSMemory()

//go:linkname newArena arena.runtime_arena_newArena
func newArena() unsafe.Pointer

//go:linkname arenaNew arena.runtime_arena_arena_New
func arenaNew(arena unsafe.Pointer, pointerType any) any

//go:linkname arenaFree arena.runtime_arena_arena_Free
func arenaFree(arena unsafe.Pointer)

const (
	workers = 8
	kept    = 1000 // objects a worker holds on to in the end
)

type node struct {
	left, right *node
	payload     [5]uint64
}

type block struct {
	bytes []byte
	tree  *node
}

type random uint64

func (r *random) below(n int) int {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return int(uint64(*r) % uint64(n))
}

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: grow(depth - 1), right: grow(depth - 1)}
}

// pointerTo is what arenaNew takes: an interface value that holds the type of p.
func pointerTo(p any) any {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&p))
	words[1] = words[0]
	return p
}

// deep makes its goroutine's stack grow to about depth times 300 bytes.
func deep(depth int, frame [256]byte) int {
	if depth == 0 {
		return int(frame[3])
	}
	frame[3] = byte(depth)
	return deep(depth-1, frame) + 1
}

func stacks(count int) {
	done := make(chan int)
	for i := 0; i < count; i++ {
		go func(depth int) { done <- deep(depth, [256]byte{}) }(40 + i*i*25)
	}
	for i := 0; i < count; i++ {
		<-done
	}
}

func worker(id, rounds int, done chan int) {
	r := random(id*7919 + 1)
	objects := make([]*block, kept)
	for round := 0; round < rounds; round++ {
		for i := 0; i < 60; i++ {
			size := 8 << r.below(12) // up to 16 KiB
			if r.below(100) == 0 {
				size = 32 << 10 << r.below(5) // a large object, up to 512 KiB
			}
			b := &block{bytes: make([]byte, size+r.below(size))}
			if i == 0 {
				b.tree = grow(7)
				runtime.SetFinalizer(b, func(*block) {})
			}
			slot := r.below(1 + kept*round/rounds) // the heap grows all the time
			if old := objects[slot]; old != nil && old.tree != nil && r.below(2) == 0 {
				runtime.SetFinalizer(old, nil)
			}
			objects[slot] = b
		}
		if round%8 == 0 {
			stacks(8)
		}
		if id == 0 && round%64 == 32 {
			runtime.GC()
		}
		if id == 1 && round%128 == 64 {
			freeOSMemory()
		}
	}
	done <- 1
}

var crossing []byte

func number(text string) int {
	n := 0
	for _, digit := range text {
		n = n*10 + int(digit-'0')
	}
	return n
}

func main() {
	rounds, arenas := 250, 2
	if args := arguments(); len(args) > 1 {
		rounds = number(args[1])
		if len(args) > 2 {
			arenas = number(args[2])
		}
	}
	setGCPercent(40)
	done := make(chan int)
	for id := 0; id < workers; id++ {
		go worker(id, rounds, done)
	}
	for i := 0; i < arenas; i++ {
		a := newArena()
		for j := 0; j < 100; j++ {
			arenaNew(a, pointerTo((*node)(nil))).(*node).payload[0] = uint64(j)
		}
		arenaFree(a)
		runtime.GC()
	}
	for id := 0; id < workers; id++ {
		<-done
	}
	crossing = make([]byte, 100<<20) // mostly fresh pages: crosses into a second arena
	crossing = nil
	runtime.GC()
	println("done")
}
