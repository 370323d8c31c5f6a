package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A model is the part of a service-2.json that is generated from.
type model struct {
	Metadata struct {
		TargetPrefix   string `json:"targetPrefix"`
		SigningName    string `json:"signingName"`
		EndpointPrefix string `json:"endpointPrefix"`
		FullName       string `json:"serviceFullName"`
		Protocol       string `json:"protocol"`
		JSONVersion    string `json:"jsonVersion"`
	} `json:"metadata"`
	Operations ordered[operation] `json:"operations"`
	Shapes     ordered[shape]     `json:"shapes"`
}

type operation struct {
	Name     string `json:"name"`
	Input    *ref   `json:"input"`
	Output   *ref   `json:"output"`
	Errors   []ref  `json:"errors"`
	AuthType string `json:"authtype"`
}

type ref struct {
	Shape string `json:"shape"`
}

type shape struct {
	Type      string       `json:"type"`
	Required  []string     `json:"required"`
	Members   ordered[ref] `json:"members"`
	Member    *ref         `json:"member"`
	Key       *ref         `json:"key"`
	Value     *ref         `json:"value"`
	Min       *int64       `json:"min"`
	Max       *int64       `json:"max"`
	Pattern   string       `json:"pattern"`
	Enum      []string     `json:"enum"`
	Sensitive bool         `json:"sensitive"`
	Document  bool         `json:"document"`
}

// ordered is a JSON object that remembers the order of its members.
type ordered[T any] struct {
	names  []string
	byName map[string]T
}

func (o *ordered[T]) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("expected an object"), err)
	}
	o.byName = map[string]T{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value T
		if err := dec.Decode(&value); err != nil {
			return err
		}
		o.names = append(o.names, name.(string))
		o.byName[name.(string)] = value
	}
	return nil
}

func parseModel(text []byte) (*model, error) {
	m := new(model)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, err
	}
	if m.Metadata.Protocol != "json" || m.Metadata.JSONVersion != "1.1" {
		return nil, fmt.Errorf("protocol %s %s is not AWS JSON 1.1", m.Metadata.Protocol, m.Metadata.JSONVersion)
	}
	if m.Metadata.SigningName == "" { // left out where it equals the prefix
		m.Metadata.SigningName = m.Metadata.EndpointPrefix
	}
	return m, nil
}

// refs returns the shapes that s refers to, in model order.
func (s *shape) refs() []string {
	var names []string
	for _, name := range s.Members.names {
		names = append(names, s.Members.byName[name].Shape)
	}
	for _, r := range []*ref{s.Key, s.Member, s.Value} {
		if r != nil {
			names = append(names, r.Shape)
		}
	}
	return names
}

// reachable returns the names of all shapes that operations take or give, in
// model order. Shapes that contain themselves are an error, since neither the
// descriptors nor apimodel's walks end on them.
func (m *model) reachable() ([]string, error) {
	const (
		open = 1
		done = 2
	)
	state := map[string]int{}
	var visit func(name string) error
	visit = func(name string) error {
		s, ok := m.Shapes.byName[name]
		switch {
		case !ok:
			return fmt.Errorf("shape %s is not in the model", name)
		case state[name] == open:
			return fmt.Errorf("shape %s contains itself", name)
		case state[name] == done:
			return nil
		}
		state[name] = open
		for _, r := range s.refs() {
			if err := visit(r); err != nil {
				return err
			}
		}
		state[name] = done
		return nil
	}
	for _, name := range m.Operations.names {
		op := m.Operations.byName[name]
		for _, r := range []*ref{op.Input, op.Output} {
			if r == nil {
				continue
			}
			if err := visit(r.Shape); err != nil {
				return nil, fmt.Errorf("operation %s: %w", name, err)
			}
		}
	}
	var names []string
	for _, name := range m.Shapes.names {
		if state[name] == done {
			names = append(names, name)
		}
	}
	return names, nil
}
