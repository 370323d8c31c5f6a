package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

func exampleReport() *report {
	signIn, read, total := new(recorder), new(recorder), new(recorder)
	for i := range 100 {
		signIn.add(time.Duration(i+1)*time.Millisecond, 2, nil)
		read.add(time.Duration(i+1)*10*time.Microsecond, 1, nil)
	}
	read.add(time.Second, 1, &apiError{"GetUser", "NotAuthorizedException", "Access Token has expired"})
	read.add(time.Second, 1, fmt.Errorf("GetUser: %w", context.DeadlineExceeded))
	read.add(time.Second, 1, &apiError{"GetUser", "NotAuthorizedException", "Access Token has been revoked"})
	total.merge(signIn)
	total.merge(read)
	r := &report{
		Endpoint: "http://127.0.0.1:9339", UserPoolID: "us-east-1_Demo00000", ClientID: "demo0client000000000000000",
		Users: 50, Concurrency: 8, Rate: 30, Seconds: 10.5, Interrupted: true, Unsent: 112,
		Operations: []figures{newFigures(signInSRP, signIn, 10500*time.Millisecond), newFigures(getUser, read, 10500*time.Millisecond)},
		Total:      newFigures("total", total, 10500*time.Millisecond), TokenSignIns: 4,
	}
	before := cpuReading{hasClient: true, server: &processCPU{started: 7}}
	after := cpuReading{client: time.Second, hasClient: true, server: &processCPU{1500 * time.Millisecond, 7}}
	if err := r.addCPU(before, after, r.Total.Requests+8); err != nil {
		panic(err)
	}
	return r
}

func TestReportGolden(t *testing.T) {
	for _, form := range []string{"json", "text"} {
		t.Run(form, func(t *testing.T) {
			var got bytes.Buffer
			if err := exampleReport().write(&got, form); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "report."+form)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}

func TestRecorderBoundsErrorTypes(t *testing.T) {
	var r recorder
	for i := range 100 {
		r.add(0, 1, &apiError{"GetUser", fmt.Sprint("Type", i), ""})
	}
	var sum int64
	for _, e := range r.errors {
		sum += e.Count
	}
	last := r.errors[len(r.errors)-1]
	if len(r.errors) != maxErrorTypes+1 || last.Type != "other" || sum != 100 {
		t.Errorf("%d types, the last %v, %d errors", len(r.errors), last, sum)
	}
}

func TestRefusal(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"bare", `{"__type":"NotAuthorizedException","message":"No."}`, "GetUser: NotAuthorizedException: No."},
		{"namespace", `{"__type":"com.amazon#LimitExceededException","Message":"x"}`, "GetUser: LimitExceededException: x"},
		{"a proxy's page", "<html>\nbad", "GetUser: HTTP 502: <html>?bad"},
		{"nothing", "", "GetUser: HTTP 502: "},
		{"control characters", `{"__type":"A\u001b[0m","message":"\u0007"}`, "GetUser: A?[0m: ?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := refusal("GetUser", 502, []byte(c.answer)).Error(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	if got := errorType(errors.New("odd")); got != "wrong answer" {
		t.Error(got)
	}
}

func FuzzRefusal(f *testing.F) {
	f.Add([]byte(`{"__type":"a#b","message":"c"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		err := refusal("GetUser", 500, answer)
		if len(errorType(err)) > maxErrorType || len(err.Error()) > maxErrorType+maxErrorText+20 {
			t.Errorf("unbounded: %q", err)
		}
	})
}
