package leaked

import (
	_ "embed"
	"strings"
	"sync"
)

// commonText are words that passwords are made of more often than of others, one
// a line, in lower case.
//
//go:embed common.txt
var commonText string

// endings are what people put behind a word where a policy asks for more.
var endings = []string{
	"1", "2", "3", "7", "11", "12", "13", "21", "22", "23", "69", "77", "88", "99", "00", "01", "007",
	"123", "321", "111", "666", "777", "1234", "4321", "12345", "123456",
}

// marks may stand behind all that.
const marks = "!.?*@#$"

var commonWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.Lines(commonText) {
		if word = strings.TrimSpace(word); word != "" {
			words[word] = true
		}
	}
	return words
})

// Common says whether a password is one of the most common ones: a word of the
// list, in whatever case and with letters written as digits, with an ending that
// people use: a few digits, a year, a mark.
func Common(password string) bool {
	if len(password) > 32 {
		return false
	}
	text := strings.ToLower(password)
	for range 3 { // "word!", "word!!", "word123!!!"
		if isCommon(text) {
			return true
		}
		if text == "" || !strings.Contains(marks, text[len(text)-1:]) {
			return false
		}
		text = text[:len(text)-1]
	}
	return isCommon(text)
}

func isCommon(text string) bool {
	if isWord(text) {
		return true
	}
	for _, ending := range endings {
		if word, ok := strings.CutSuffix(text, ending); ok && isWord(strings.TrimRight(word, "@#_-.")) {
			return true
		}
	}
	n := len(text)
	return n > 4 && isYear(text[n-4:]) && isWord(strings.TrimRight(text[:n-4], "@#_-."))
}

// isYear is for four digits of a year that people were born in or live in.
func isYear(digits string) bool { return digits >= "1940" && digits <= "2039" && allDigits(digits) }

func allDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

var plainLetters = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t")

func isWord(text string) bool {
	if len(text) < 3 {
		return false
	}
	words := commonWords()
	return words[text] || words[plainLetters.Replace(text)]
}
