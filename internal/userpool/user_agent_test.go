package userpool

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUserAgentName(t *testing.T) {
	for header, want := range map[string]string{
		"":           "unknown",
		"something":  "unknown",
		"NotChrome/": "unknown",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                                   "Chrome 126, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87":                 "Edge 126, Windows",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36":                                    "Chrome 125, ChromeOS",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                             "Safari 17, macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":           "Safari 17, iOS",
		"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1":             "Chrome 126, iPadOS",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36":         "Samsung Internet 25, Android",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                            "Firefox 128, Linux",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36":                                     "Chrome 126, Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0":                     "Opera 111, Windows",
		"aws-cli/2.17.5 md/awscrt#0.20.11 ua/2.0 os/linux#6.8 md/arch#x86_64 lang/python#3.11.8 exec-env/x cfg/retry-mode#standard Botocore/2.0":            "AWS CLI 2.17",
		"Boto3/1.34.140 md/Botocore#1.34.140 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.12.4 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34": "Boto3 1.34",
		"aws-sdk-js/3.609.0 ua/2.1 os/linux#6.8 lang/js md/nodejs#20.15.0 api/cognito-identity-provider#3.609.0":                                            "AWS SDK for JavaScript 3.609",
		"APN/1.0 HashiCorp/1.0 Terraform/1.9.1 (+https://www.terraform.io) terraform-provider-aws/5.57.0 aws-sdk-go-v2/1.30.1 ua/2.0":                       "Terraform 1.9",
		"curl/8.5.0":              "curl 8.5",
		"Dart/3.4 (dart:io)":      "Dart 3",
		"okhttp/":                 "OkHttp",
		"Firefox/999999999999999": "Firefox 99999",
		"Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP1A)": "Android",
	} {
		if got := UserAgentName(header); got != want {
			t.Errorf("%s\nis %s, want %s", header, got, want)
		}
	}
}

func FuzzUserAgentName(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	f.Add(strings.Repeat("Chrome/1 ", 1000) + "\xff")
	f.Fuzz(func(t *testing.T, header string) {
		if name := UserAgentName(header); name == "" || len(name) > 64 || !utf8.ValidString(name) {
			t.Errorf("%q is called %q", header, name)
		}
	})
}
