package apimodel

import (
	"log/slog"
	"reflect"
	"strconv"
)

// Redacted stands in logs for a secret.
const Redacted = "[redacted]"

// LogValue shows v, the struct generated for the structure shape, as a group of
// its present members. Sensitive ones, at any depth, are Redacted. Generated
// structs that can hold a secret call it from their own LogValue.
func LogValue(shape *Shape, v any) slog.Value {
	return logValue(shape, reflect.ValueOf(v))
}

func logValue(shape *Shape, v reflect.Value) slog.Value {
	if shape.Sensitive {
		return slog.StringValue(Redacted)
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return slog.GroupValue()
		}
		v = v.Elem()
	}
	if !shape.holdsSensitive() {
		return slog.AnyValue(v.Interface())
	}
	var attrs []slog.Attr
	switch shape.Type {
	case Structure:
		fields := fieldsOf(v.Type())
		for _, m := range shape.Members {
			field := v.Field(fields[m.Name])
			switch {
			case field.IsZero():
			case m.Redact:
				attrs = append(attrs, slog.String(m.Name, Redacted))
			default:
				attrs = append(attrs, slog.Attr{Key: m.Name, Value: logValue(m.Shape, field)})
			}
		}
	case List:
		for i := range v.Len() {
			attrs = append(attrs, slog.Attr{Key: strconv.Itoa(i), Value: logValue(shape.Elem, v.Index(i))})
		}
	default: // a map with sensitive keys or values: which keys it has says too much
		return slog.StringValue(Redacted)
	}
	return slog.GroupValue(attrs...)
}
