package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (g *generator) writeInputs(b *bytes.Buffer) error {
	return g.writeEnds(b, "Input", func(op operation) *ref { return op.Input })
}

func (g *generator) writeOutputs(b *bytes.Buffer) error {
	return g.writeEnds(b, "Output", func(op operation) *ref { return op.Output })
}

// writeEnds writes the type of one end of every operation.
func (g *generator) writeEnds(b *bytes.Buffer, suffix string, end func(operation) *ref) error {
	for _, name := range g.Operations.names {
		goName := exported(name) + suffix
		fmt.Fprintf(b, "\n// %s is the %s of %s.\n", goName, strings.ToLower(suffix), name)
		r := end(g.Operations.byName[name])
		switch {
		case r == nil:
			fmt.Fprintf(b, "type %s struct{}\n", goName)
		case !g.ends[r.Shape]:
			fmt.Fprintf(b, "type %s = %s\n", goName, g.types[r.Shape])
		default:
			if err := g.writeStruct(b, r.Shape); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *generator) writeTypes(b *bytes.Buffer) error {
	for _, name := range g.shapes {
		s := g.shape(name)
		if g.ends[name] || s.Document || s.Type != "structure" {
			continue
		}
		fmt.Fprintf(b, "\n// %s is a structure of the API model.\n", g.types[name])
		if err := g.writeStruct(b, name); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) writeStruct(b *bytes.Buffer, name string) error {
	s := g.shape(name)
	goName := g.types[name]
	if len(s.Members.names) == 0 {
		fmt.Fprintf(b, "type %s struct{}\n", goName)
		return nil
	}
	fmt.Fprintf(b, "type %s struct {\n", goName)
	fields := identifiers{}
	for _, member := range s.Members.names {
		if err := fields.claim(exported(member), "member "+member); err != nil {
			return fmt.Errorf("shape %s: %w", name, err)
		}
		typ, err := g.goType(s.Members.byName[member].Shape, false)
		if err != nil {
			return fmt.Errorf("shape %s, member %s: %w", name, member, err)
		}
		if typ == "string" && optional[name+"."+member] {
			typ = "*string"
		}
		fmt.Fprintf(b, "%s %s `json:\"%s,omitzero\"`\n", exported(member), typ, member)
	}
	b.WriteString("}\n")
	if g.secret(name) {
		fmt.Fprintf(b, "\n// LogValue hides what is secret.\nfunc (v %s) LogValue() slog.Value { return apimodel.LogValue(&%s, v) }\n",
			goName, shapeVar(name))
	}
	return nil
}

func (g *generator) writeEnums(b *bytes.Buffer) error {
	for _, name := range g.shapes {
		s := g.shape(name)
		if s.Enum == nil {
			continue
		}
		goName := g.types[name]
		fmt.Fprintf(b, "\n// %s is an enumeration of the API model.\ntype %s string\n\n// The values of %s.\nconst (\n", goName, goName, goName)
		var constants []string
		for _, value := range s.Enum {
			constant, err := g.enumConstant(goName, value)
			if err != nil {
				return err
			}
			constants = append(constants, constant)
			fmt.Fprintf(b, "%s %s = %q\n", constant, goName, value)
		}
		fmt.Fprintf(b, ")\n\n// Values lists the values of %s in model order.\nfunc (%s) Values() []%s {\nreturn []%s{\n%s,\n}\n}\n",
			goName, goName, goName, goName, strings.Join(constants, ",\n"))
	}
	return nil
}

// enumConstant names the constant for value. A name that something else in the
// package has gets the suffix Value; if that is taken too, the model needs a
// decision.
func (g *generator) enumConstant(goName, value string) (string, error) {
	what := fmt.Sprintf("value %s of %s", value, goName)
	constant := goName + enumSuffix(value)
	if _, taken := g.ids[constant]; taken {
		constant += "Value"
	}
	return constant, g.ids.claim(constant, what)
}

// noOutput describes the output of operations that the model gives none.
const noOutput = "shapeNone"

func (g *generator) writeOperations(b *bytes.Buffer) error {
	fmt.Fprintf(b, "\n// TargetPrefix is the part of X-Amz-Target before the dot and the operation's name.\nconst TargetPrefix = %q\n", g.Metadata.TargetPrefix)
	fmt.Fprintf(b, "\n// SigningName is the service in a signature's credential scope.\nconst SigningName = %q\n", g.Metadata.SigningName)
	fmt.Fprintf(b, "\n// The operations of %s.\nvar (\n", g.Metadata.FullName)
	for _, name := range g.Operations.names {
		op := g.Operations.byName[name]
		fmt.Fprintf(b, "\n// Op%s takes *%sInput and gives *%sOutput.\nOp%s = &apimodel.Operation{\nName: %q,\n",
			exported(name), exported(name), exported(name), exported(name), name)
		if op.AuthType == "none" {
			b.WriteString("Public: true,\n")
		}
		for _, end := range []struct {
			field string
			ref   *ref
		}{{"Input", op.Input}, {"Output", op.Output}} {
			v := noOutput
			if end.ref != nil {
				v = shapeVar(end.ref.Shape)
			}
			fmt.Fprintf(b, "%s: &%s,\n", end.field, v)
		}
		if len(op.Errors) > 0 {
			b.WriteString("Errors: []string{\n")
			for _, e := range op.Errors {
				fmt.Fprintf(b, "%q,\n", e.Shape)
			}
			b.WriteString("},\n")
		}
		b.WriteString("}\n")
	}
	b.WriteString(")\n\nvar allOperations = []*apimodel.Operation{\n")
	for _, name := range g.Operations.names {
		fmt.Fprintf(b, "Op%s,\n", exported(name))
	}
	b.WriteString("}\n\n// AllOperations returns every operation, in model order.\nfunc AllOperations() []*apimodel.Operation { return slices.Clone(allOperations) }\n")
	return nil
}

// writeContractTest writes a test that every operation's types have a fitting
// field for each member of its shapes: Decode finds that out only when called.
func (g *generator) writeContractTest(b *bytes.Buffer) error {
	b.WriteString("\nfunc TestTypesFitShapes(t *testing.T) {\nfor _, tc := range []struct{\nop *apimodel.Operation\nin, out any\n}{\n")
	for _, name := range g.Operations.names {
		goName := exported(name)
		fmt.Fprintf(b, "{Op%s, new(%sInput), new(%sOutput)},\n", goName, goName, goName)
	}
	b.WriteString(`} {
		for _, end := range []struct {
			shape *apimodel.Shape
			dst any
		}{{tc.op.Input, tc.in}, {tc.op.Output, tc.out}} {
			err := apimodel.Decode(end.shape, nil, end.dst)
			var missing *apimodel.ValidationError
			if err != nil && !errors.As(err, &missing) {
				t.Errorf("%s: %v", tc.op.Name, err)
			}
		}
	}
}
`)
	return nil
}

func shapeVar(name string) string { return "shape" + exported(name) }

var typeConstants = map[string]string{
	"structure": "Structure",
	"list":      "List",
	"map":       "Map",
	"string":    "String",
	"integer":   "Integer",
	"long":      "Long",
	"boolean":   "Boolean",
	"timestamp": "Timestamp",
	"blob":      "Blob",
}

func (g *generator) writeShapes(b *bytes.Buffer) error {
	b.WriteString("\n// The shapes of the API model. They are plain data: nothing is computed when the program starts.\nvar (\n")
	if err := g.ids.claim(noOutput, "the absent input or output"); err != nil {
		return err
	}
	fmt.Fprintf(b, "%s = apimodel.Shape{Type: apimodel.Structure}\n", noOutput)
	for _, name := range g.shapes {
		if err := g.ids.claim(shapeVar(name), "the descriptor of "+name); err != nil {
			return err
		}
		if err := g.writeShape(b, name); err != nil {
			return fmt.Errorf("shape %s: %w", name, err)
		}
	}
	b.WriteString(")\n")
	return nil
}

func (g *generator) writeShape(b *bytes.Buffer, name string) error {
	s := g.shape(name)
	typ, ok := typeConstants[s.Type]
	if s.Document {
		typ = "Document"
	}
	if !ok {
		return fmt.Errorf("type %s is not supported", s.Type)
	}
	fmt.Fprintf(b, "\n%s = apimodel.Shape{\nType: apimodel.%s,\nName: %q,\n", shapeVar(name), typ, name)
	if s.Min != nil || s.Max != nil {
		fmt.Fprintf(b, "Limits: &apimodel.Limits{Min: %s, Max: %s},\n", bound(s.Min, "apimodel.NoMin"), bound(s.Max, "apimodel.NoMax"))
	}
	if pattern, ok := served[name]; ok {
		s.Pattern = pattern
	}
	if s.Pattern != "" {
		expr, err := translate(s.Pattern)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "Pattern: &apimodel.Pattern{Text: %s", literal(s.Pattern))
		if expr != s.Pattern {
			fmt.Fprintf(b, ", RE2: %s", literal(expr))
		}
		b.WriteString("},\n")
	}
	if s.Enum != nil {
		fmt.Fprintf(b, "Enum: %#v,\n", s.Enum)
	}
	if s.Sensitive {
		b.WriteString("Sensitive: true,\n")
	}
	for _, r := range []struct {
		field string
		ref   *ref
	}{{"Key", s.Key}, {"Elem", s.Member}, {"Elem", s.Value}} {
		if r.ref != nil {
			fmt.Fprintf(b, "%s: &%s,\n", r.field, shapeVar(r.ref.Shape))
		}
	}
	g.writeMembers(b, s)
	b.WriteString("}\n")
	return nil
}

func (g *generator) writeMembers(b *bytes.Buffer, s *shape) {
	if len(s.Members.names) == 0 {
		return
	}
	b.WriteString("Members: []apimodel.Member{\n")
	for _, m := range s.Members.names {
		fmt.Fprintf(b, "{Name: %q, Shape: &%s", m, shapeVar(s.Members.byName[m].Shape))
		if slices.Contains(s.Required, m) {
			b.WriteString(", Required: true")
		}
		if secretMembers[m] {
			b.WriteString(", Redact: true")
		}
		b.WriteString("},\n")
	}
	b.WriteString("},\n")
}

func bound(n *int64, none string) string {
	if n == nil {
		return none
	}
	return strconv.FormatInt(*n, 10)
}

// literal writes a pattern as a raw string, which is how a reader knows it.
func literal(text string) string {
	if strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}
