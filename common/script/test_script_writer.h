// Random scripts that are mostly well formed: all functions of the sandbox with arguments that do not suit
// them.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"

namespace cognate::script {

class ScriptWriter {
 public:
  explicit ScriptWriter(uint64_t seed) : random_(seed) {}

  std::string Next() {
    std::string source = Pick(4) == 0 ? "" : "a, b, c, s, t = 'x', 2, tostring, 'a-b', {1, 2, x = 3}\n";
    for (size_t count = 1 + Pick(8); count > 0; --count) absl::StrAppend(&source, Statement(3), "\n");
    return source;
  }

 private:
  size_t Pick(size_t count) { return random_() % count; }
  template <size_t count>
  const char* OneOf(const char* const (&words)[count]) {
    return words[Pick(count)];
  }

  const char* Name() { return OneOf({"a", "b", "c", "t", "s", "u"}); }

  // Calls with the kinds of their arguments: $s text, $p pattern, $n number, $t table, $f function, $v any.
  const char* Call() {
    return OneOf({"assert($v, $s)",
                  "error($v, $n)",
                  "ipairs($t)",
                  "next($t, $v)",
                  "pairs($t)",
                  "rawequal($v, $v)",
                  "rawget($t, $v)",
                  "rawlen($t)",
                  "rawset($t, $s, $v)",
                  "select($n, $v, $v)",
                  "tonumber($s, $n)",
                  "tonumber($v)",
                  "tostring($v)",
                  "type($v)",
                  "setmetatable($t, $t)",
                  "getmetatable($t)",
                  "decimal($n)",
                  "timestamp($n)",
                  "date($s)",
                  "bytes($s)",
                  "ref($s, $n)",
                  "map($t)",
                  "skip($s)",
                  "reject($s, $s)",
                  "string.byte($s, $n, $n)",
                  "string.char($n, $n)",
                  "string.find($s, $p, $n)",
                  "string.find($s, $s, $n, true)",
                  "string.format($s, $v, $v)",
                  "string.gmatch($s, $p)()",
                  "string.gsub($s, $p, $s)",
                  "string.gsub($s, $p, $t)",
                  "string.gsub($s, $p, $f, $n)",
                  "string.len($s)",
                  "string.lower($s)",
                  "string.match($s, $p, $n)",
                  "string.rep($s, $n, $s)",
                  "string.reverse($s)",
                  "string.sub($s, $n, $n)",
                  "string.upper($s)",
                  "table.concat($t, $s, $n, $n)",
                  "table.insert($t, $v)",
                  "table.insert($t, $n, $v)",
                  "table.move($t, $n, $n, $n, $t)",
                  "table.pack($v, $v, $v)",
                  "table.remove($t, $n)",
                  "table.sort($t, $f)",
                  "table.sort($t)",
                  "table.unpack($t, $n, $n)",
                  "utf8.char($n, $n)",
                  "utf8.codepoint($s, $n, $n)",
                  "utf8.codes($s)",
                  "utf8.len($s, $n)",
                  "utf8.offset($s, $n)",
                  "math.floor($n)",
                  "math.max($n, $n)",
                  "math.tointeger($n)",
                  "math.fmod($n, $n)",
                  "math.ult($n, $n)",
                  "a($v)",
                  "b($v, $v)",
                  "t($v)"});
  }

  const char* Text() {
    return OneOf({"''", "'x'", "'a,b;c'", "'%d %s %q'", "'%99.99f'", "'%s'", "'%1'", "'[%0]'", "'\\0\\xff'",
                  "'Grüße'", "'2026-02-28'", "'12.50'", "'__index'", "('x'):rep(5000)", "('ab '):rep(30000)",
                  "record.text", "sync.name"});
  }
  const char* Pattern() {
    return OneOf({"''", "'x'", "'(a|b)*c'", "'[x'", "'(.)(.)?'", "'(\\\\w+)'", "'^'", "'(x+x+)+y'", "'a*'",
                  "'(a{0,30}){0,30}'", "'[^a-z]'"});
  }
  const char* Number() {
    return OneOf({"0", "1", "-1", "2", "3", "7", "100", "5000", "1e308", "0/0", "-1/0", "0.5",
                  "math.mininteger", "math.maxinteger", "1 << 31", "1 << 53", "#t", "#record.text"});
  }
  std::string Table(int depth) {
    if (depth <= 0)
      return OneOf({"t", "{}", "{1, 2, 3}", "record.list", "record.map", "{'a', 'b'}", "{a = 1}"});
    return absl::StrCat("{", Arguments(depth - 1),
                        Pick(2) == 0 ? "" : absl::StrCat("; ", Name(), " = ", Expression(depth - 1)), "}");
  }
  std::string FunctionText(int depth) {
    if (depth <= 0)
      return OneOf({"math.max", "tostring", "rawequal", "function() end", "function(...) return ... end"});
    return absl::StrCat("function(", Pick(2) == 0 ? "a, b" : "...", ") ", Statement(depth - 1), " return ",
                        Expression(depth - 1), " end");
  }

  std::string OfKind(char kind, int depth) {
    if (Pick(10) == 0) kind = 'v';
    switch (kind) {
      case 's':
        return Text();
      case 'p':
        return Pattern();
      case 'n':
        return Number();
      case 't':
        return Table(depth);
      case 'f':
        return FunctionText(depth);
      default:
        return Expression(depth);
    }
  }

  std::string CallText(int depth) {
    std::string text;
    for (const char* c = Call(); *c != '\0'; ++c) {
      if (*c == '$') {
        absl::StrAppend(&text, "(", OfKind(*++c, depth), ")");
      } else {
        text.push_back(*c);
      }
    }
    return text;
  }

  const char* Constant() {
    switch (Pick(3)) {
      case 0:
        return Text();
      case 1:
        return Number();
      default:
        return OneOf({"nil", "true", "false", "null", "record", "old", "sync", "string", "record.list",
                      "record.map", "record.price", "record.at", "record.raw", "record.of", "record.day"});
    }
  }

  std::string Arguments(int depth) {
    std::string arguments;
    for (size_t count = Pick(4), each = 0; each < count; ++each)
      absl::StrAppend(&arguments, each == 0 ? "" : ", ", Expression(depth));
    return arguments;
  }

  std::string Expression(int depth) {
    if (depth <= 0) return Pick(2) == 0 ? Name() : absl::StrCat("(", Constant(), ")");
    switch (Pick(11)) {
      case 0:
      case 1:
        return Name();
      case 2:
      case 3:
        return absl::StrCat("(", Constant(), ")");
      case 4:
      case 5:
      case 6:
        return CallText(depth - 1);
      case 7:
        return absl::StrCat(
            "(", Expression(depth - 1), " ",
            OneOf({"+", "-", "*", "//", "%", "..", "==", "<", "<=", "and", "or", "~=", "&", "<<", "^"}), " ",
            Expression(depth - 1), ")");
      case 8:
        return absl::StrCat("{", Arguments(depth - 1),
                            Pick(2) == 0 ? "" : absl::StrCat("; ", Name(), " = ", Expression(depth - 1)),
                            "}");
      case 9:
        return absl::StrCat("function(", Pick(2) == 0 ? "a, b" : "...", ") ", Statement(depth - 1),
                            " return ", Expression(depth - 1), " end");
      default:
        return absl::StrCat("(", OneOf({"not ", "#", "-", "~"}), Expression(depth - 1), ")");
    }
  }

  std::string Metatable(int depth) {
    std::string fields;
    for (size_t count = 1 + Pick(3); count > 0; --count) {
      absl::StrAppend(&fields,
                      OneOf({"__index", "__newindex", "__call", "__tostring", "__eq", "__lt", "__le", "__len",
                             "__concat", "__add", "__pairs", "__gc", "__close", "__mode", "__unm"}),
                      " = ", Pick(2) == 0 ? Name() : Expression(depth - 1), ", ");
    }
    return absl::StrCat("{", fields, "}");
  }

  std::string Statement(int depth) {
    const std::string block = depth > 0 ? Statement(depth - 1) : "";
    switch (Pick(depth > 0 ? 16 : 4)) {
      case 0:
        return absl::StrCat(Name(), " = ", Expression(depth));
      case 1:
        return absl::StrCat("local ", Name(), Pick(12) == 0 ? " <close>" : "", " = ", Expression(depth));
      case 2:
        return absl::StrCat("record.", OneOf({"text", "list", "map", "new", "x"}), " = ", Expression(depth));
      case 3:
        return absl::StrCat(Name(), " = ", CallText(depth - 1));
      case 4:
        return absl::StrCat("if ", Expression(depth), " then ", block, " else ", Statement(depth - 1),
                            " end");
      case 5:
        return absl::StrCat("while ", Expression(1), " do ", block, " end");
      case 6:
        return absl::StrCat("for i = ", Number(), ", ", Number(), " do ", block, " end");
      case 7:
        return absl::StrCat("for ", Name(), ", ", Name(), " in pairs(", Table(1), ") do ", block, " end");
      case 8:
        return absl::StrCat("for ", Name(), " in ", Expression(depth - 1), " do ", block, " end");
      case 9:
        return absl::StrCat("repeat ", block, " until ", Expression(1));
      case 10:
        return absl::StrCat("function ", Name(), "(...) ", block, " return ", Expression(depth - 1), " end");
      case 11:
        return absl::StrCat("t = setmetatable({}, ", Metatable(depth), ")");
      case 12:
        return absl::StrCat(Name(), "[", Expression(1), "] = ", Expression(depth - 1));
      case 13:
        return absl::StrCat("do goto l", depth, " ", block, " ::l", depth, ":: end");
      case 14:
        return absl::StrCat("for i = 1, ", Pick(2000), " do ", Name(), " = ", Name(), " .. ", Expression(0),
                            " end");
      default:
        return absl::StrCat("t = {} for i = 1, ", Pick(500), " do t[i] = ", Expression(1), " end ", Name(),
                            " = ", CallText(1));
    }
  }

  std::mt19937_64 random_;
};

}  // namespace cognate::script
