package apimodel

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// A filler stores a node of one shape in a value of one Go type.
type filler func(dst reflect.Value, n *node)

type fillerKey struct {
	shape *Shape
	typ   reflect.Type
}

// fillers caches, per top-level shape and struct, what buildFiller found.
// Its size is bounded by the generated code.
var fillers sync.Map // fillerKey -> filler

func fillerFor(shape *Shape, dst any) (func(any, *node), error) {
	typ := reflect.TypeOf(dst)
	if typ == nil || typ.Kind() != reflect.Pointer || typ.Elem().Kind() != reflect.Struct || reflect.ValueOf(dst).IsNil() {
		return nil, fmt.Errorf("decode %s: destination is %T, not a pointer to a struct", shape.Name, dst)
	}
	key := fillerKey{shape, typ}
	cached, ok := fillers.Load(key)
	if !ok {
		built, err := buildFiller(shape, typ.Elem())
		if err != nil {
			return nil, fmt.Errorf("decode into %T: %w", dst, err)
		}
		cached, _ = fillers.LoadOrStore(key, built)
	}
	fill := cached.(filler)
	return func(dst any, n *node) {
		v := reflect.ValueOf(dst).Elem()
		v.SetZero()
		fill(v, n)
	}, nil
}

var (
	timeType  = reflect.TypeFor[Time]()
	bytesType = reflect.TypeFor[[]byte]()
	jsonType  = reflect.TypeFor[json.RawMessage]()
	mapType   = reflect.TypeFor[map[string]string]()
)

func buildFiller(shape *Shape, typ reflect.Type) (filler, error) {
	if typ.Kind() == reflect.Pointer {
		inner, err := buildFiller(shape, typ.Elem())
		if err != nil {
			return nil, err
		}
		return func(dst reflect.Value, n *node) {
			dst.Set(reflect.New(typ.Elem()))
			inner(dst.Elem(), n)
		}, nil
	}
	kind := typ.Kind()
	switch {
	case shape.Type == Structure && kind == reflect.Struct && typ != timeType:
		return structFiller(shape, typ)
	case shape.Type == List && kind == reflect.Slice:
		return sliceFiller(shape, typ)
	case shape.Type == Map && shape.Elem.Type == String && typ == mapType:
		return fillStringMap, nil
	case shape.Type == Map && kind == reflect.Map && typ.Key().Kind() == reflect.String:
		return mapFiller(shape, typ)
	case shape.Type == String && kind == reflect.String:
		return func(dst reflect.Value, n *node) { dst.SetString(n.text) }, nil
	case shape.Type == Integer && kind == reflect.Int32, shape.Type == Long && kind == reflect.Int64:
		return func(dst reflect.Value, n *node) { dst.SetInt(n.num) }, nil
	case shape.Type == Boolean && kind == reflect.Bool:
		return func(dst reflect.Value, n *node) { dst.SetBool(n.num != 0) }, nil
	case shape.Type == Timestamp && typ == timeType:
		return func(dst reflect.Value, n *node) { dst.Set(reflect.ValueOf(Time{n.time})) }, nil
	case shape.Type == Blob && typ == bytesType, shape.Type == Document && typ == jsonType:
		return func(dst reflect.Value, n *node) { dst.SetBytes([]byte(n.text)) }, nil
	}
	return nil, fmt.Errorf("shape %s does not fit %s", shape.Name, typ)
}

// fieldsOf returns the index of the field for each member's wire name.
func fieldsOf(typ reflect.Type) map[string]int {
	fields := make(map[string]int, typ.NumField())
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	return fields
}

func structFiller(shape *Shape, typ reflect.Type) (filler, error) {
	fields := fieldsOf(typ)
	index := make([]int, len(shape.Members))
	fill := make([]filler, len(shape.Members))
	for i, m := range shape.Members {
		f, ok := fields[m.Name]
		if !ok {
			return nil, fmt.Errorf("%s has no field for member %s of %s", typ, m.Name, shape.Name)
		}
		inner, err := buildFiller(m.Shape, typ.Field(f).Type)
		if err != nil {
			return nil, fmt.Errorf("member %s: %w", m.Name, err)
		}
		index[i], fill[i] = f, inner
	}
	return func(dst reflect.Value, n *node) {
		for i := range n.kids {
			kid := &n.kids[i]
			fill[kid.index](dst.Field(index[kid.index]), kid)
		}
	}, nil
}

func sliceFiller(shape *Shape, typ reflect.Type) (filler, error) {
	inner, err := buildFiller(shape.Elem, typ.Elem())
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, n *node) {
		s := reflect.MakeSlice(typ, len(n.kids), len(n.kids))
		for i := range n.kids {
			inner(s.Index(i), &n.kids[i])
		}
		dst.Set(s)
	}, nil
}

func mapFiller(shape *Shape, typ reflect.Type) (filler, error) {
	inner, err := buildFiller(shape.Elem, typ.Elem())
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, n *node) {
		m := reflect.MakeMapWithSize(typ, len(n.kids))
		for i := range n.kids {
			v := reflect.New(typ.Elem()).Elem()
			inner(v, &n.kids[i])
			m.SetMapIndex(reflect.ValueOf(n.kids[i].key).Convert(typ.Key()), v)
		}
		dst.Set(m)
	}, nil
}

func fillStringMap(dst reflect.Value, n *node) {
	m := make(map[string]string, len(n.kids))
	for i := range n.kids {
		m[n.kids[i].key] = n.kids[i].text
	}
	dst.Set(reflect.ValueOf(m))
}
