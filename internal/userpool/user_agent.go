package userpool

import (
	"regexp"
	"strings"
)

// UserAgentName names the program and the system of a User-Agent header for
// people, such as "Chrome 126, Windows", "Boto3 1.43" or "unknown". It
// answers the same for whatever a header may hold, in at most 64 characters.
func UserAgentName(header string) string {
	if len(header) > maxUserAgent {
		header = header[:maxUserAgent]
	}
	words := strings.FieldsFunc(header, func(r rune) bool { return strings.ContainsRune(" ();,", r) })
	for _, p := range programs {
		version, ok := versionIn(words, p.token, p.browser)
		if !ok {
			continue
		}
		if p.token == "Safari/" {
			version, _ = versionIn(words, "Version/", true)
		}
		name := strings.TrimSpace(p.name + " " + version)
		if system := systemOf(header); p.browser && system != "" {
			name += ", " + system
		}
		return name
	}
	if system := systemOf(header); system != "" {
		return system
	}
	return "unknown"
}

// maxUserAgent is how much of a header is looked at.
const maxUserAgent = 1024

// programs by what marks them in a header, the ones that pretend to be others
// before those: every browser says Safari, most say Chrome, and SDKs name the
// language and libraries behind themselves.
var programs = []struct {
	token, name string
	browser     bool // the system beside it is the user's
}{
	{"Terraform/", "Terraform", false},
	{"aws-cli/", "AWS CLI", false},
	{"Boto3/", "Boto3", false},
	{"Botocore/", "Botocore", false},
	{"amplify-android:", "Amplify Android", true},
	{"amplify-swift/", "Amplify Swift", true},
	{"amplify-flutter/", "Amplify Flutter", true},
	{"aws-sdk-android/", "AWS SDK for Android", true},
	{"aws-sdk-iOS/", "AWS SDK for iOS", true},
	{"aws-sdk-go-v2/", "AWS SDK for Go", false},
	{"aws-sdk-java/", "AWS SDK for Java", false},
	{"aws-sdk-js/", "AWS SDK for JavaScript", false},
	{"aws-sdk-kotlin/", "AWS SDK for Kotlin", false},
	{"aws-sdk-swift/", "AWS SDK for Swift", false},
	{"aws-sdk-php/", "AWS SDK for PHP", false},
	{"aws-sdk-ruby3/", "AWS SDK for Ruby", false},
	{"aws-sdk-rust/", "AWS SDK for Rust", false},
	{"aws-sdk-dotnet-coreclr/", "AWS SDK for .NET", false},
	{"EdgA/", "Edge", true},
	{"EdgiOS/", "Edge", true},
	{"Edg/", "Edge", true},
	{"OPR/", "Opera", true},
	{"SamsungBrowser/", "Samsung Internet", true},
	{"FxiOS/", "Firefox", true},
	{"Firefox/", "Firefox", true},
	{"CriOS/", "Chrome", true},
	{"HeadlessChrome/", "Chrome", true},
	{"Chrome/", "Chrome", true},
	{"Safari/", "Safari", true}, // its own number is under Version/
	{"Dart/", "Dart", true},
	{"okhttp/", "OkHttp", true},
	{"CFNetwork/", "Apple app", false},
	{"PostmanRuntime/", "Postman", false},
	{"curl/", "curl", false},
	{"python-requests/", "Python Requests", false},
	{"Go-http-client/", "Go", false},
}

// systems in the order in which they hide behind each other: Android says Linux,
// iPhones say Mac OS X.
var systems = []struct{ token, name string }{
	{"iPhone", "iOS"},
	{"iPad", "iPadOS"},
	{"Android", "Android"},
	{"CrOS", "ChromeOS"},
	{"Windows", "Windows"},
	{"Macintosh", "macOS"},
	{"Linux", "Linux"},
	{"X11", "Linux"},
}

func systemOf(header string) string {
	for _, s := range systems {
		if strings.Contains(header, s.token) {
			return s.name
		}
	}
	return ""
}

var (
	majorVersion = regexp.MustCompile(`^[0-9]{1,5}`)
	minorVersion = regexp.MustCompile(`^[0-9]{1,5}(\.[0-9]{1,5})?`)
)

// versionIn finds the word of a header that begins with a token, and the version
// behind it: of a browser one number, of other programs two.
func versionIn(words []string, token string, browser bool) (version string, ok bool) {
	form := minorVersion
	if browser {
		form = majorVersion
	}
	for _, word := range words {
		if rest, found := strings.CutPrefix(word, token); found {
			return form.FindString(rest), true
		}
	}
	return "", false
}
