// Package testenv decides what a test does when something it needs from outside
// is absent: skip, or fail where that thing was required to be there. Tests of
// any package use it; it imports the standard library only.
package testenv
