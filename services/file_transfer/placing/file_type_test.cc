#include "services/file_transfer/placing/file_type.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/file_transfer/media_types.h"
#include "services/file_transfer/placing/names.h"

namespace cognate::file_transfer {
namespace {

const std::string kPng = absl::HexStringToBytes(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e2"
    "21bc330000000049454e44ae426082");

bool Takes(const std::string& name, const std::string& content, const v1::FileRule& rule = {}) {
  const std::string extension = ExtensionOf(name);
  if (CheckExtension(rule, name, extension).has_value()) return false;
  return !CheckContent(rule, name, extension, MediaTypes().Of(content), content, /*is_whole=*/true)
              .has_value();
}

TEST(FileTypeTest, TakesWhatIsWhatItSays) {
  EXPECT_TRUE(Takes("cat.png", kPng));
  EXPECT_TRUE(Takes("notes.txt", "some words\n"));
  EXPECT_TRUE(Takes("empty.png", ""));
  EXPECT_TRUE(Takes("data.bin", std::string("\1\2\3\4", 4)));
  EXPECT_TRUE(Takes("my.holiday.png", kPng));
}

TEST(FileTypeTest, RefusesWhatRuns) {
  for (const char* const name : {"x.php", "x.PHP", "x.phar", "x.html", "x.exe", "x.sh", "x.js", "x.php.png",
                                 "x.phtml.jpg", ".htaccess"})
    EXPECT_FALSE(Takes(name, kPng)) << name;
}

TEST(FileTypeTest, RefusesContentThatHidesBehindAnExtension) {
  EXPECT_FALSE(Takes("cat.png", "<?php system($_GET['c']); ?>"));
  EXPECT_FALSE(Takes("cat.jpg", kPng));
  EXPECT_FALSE(Takes("cat.txt", "#!/bin/sh\nrm -rf /\n"));
  EXPECT_FALSE(Takes("cat", "<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"));
  EXPECT_FALSE(Takes("cat.png", "<svg xmlns='http://www.w3.org/2000/svg'/>"));
  EXPECT_FALSE(Takes("tool.dat",
                     absl::StrCat("MZ", std::string(58, '\0'), std::string("\x80\0\0\0", 4),
                                  std::string(64, '\0'), std::string("PE\0\0", 4), std::string(200, '\0'))));
}

TEST(FileTypeTest, TakesOnlyWhatARuleNames) {
  v1::FileRule rule;
  rule.add_allowed_extensions("png");
  EXPECT_TRUE(Takes("cat.png", kPng, rule));
  EXPECT_FALSE(Takes("notes.txt", "words", rule));
  EXPECT_FALSE(Takes("cat", kPng, rule));
  rule.add_allowed_extensions("sh");
  EXPECT_TRUE(Takes("run.sh", "#!/bin/sh\ntrue\n", rule));
}

std::string Svg(const std::string& inside) {
  return absl::StrCat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 "
      "1\">",
      inside, "</svg>");
}

TEST(FileTypeTest, TakesDrawingsWithoutScript) {
  for (const char* const inside :
       {"<rect width='1' height='1'/>", "<metadata>made by hand</metadata>",
        "<text>description: scripting, for one</text>", "<style>.one{fill:red}</style>",
        "<image href='data:image/png;base64,AAAA'/>", "<a href='https://example.org'>x</a>"})
    EXPECT_TRUE(Takes("flag.svg", Svg(inside))) << inside;
  EXPECT_TRUE(Takes("flag.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"1\"/></svg>"));
}

TEST(FileTypeTest, RefusesDrawingsWithScript) {
  for (const std::string& inside :
       {std::string("<script>alert(1)</script>"),
        std::string("<SCRIPT href='x'/>"),
        std::string("<svg:script xmlns:svg='http://www.w3.org/2000/svg'>alert(1)</svg:script>"),
        std::string("<rect onload='alert(1)'/>"),
        std::string("<rect ONLOAD\n=\n'alert(1)'/>"),
        std::string("<rect width='1'onclick='x()'/>"),
        std::string("<a href='javascript:alert(1)'>x</a>"),
        std::string("<a href='java&#x09;script:alert(1)'>x</a>"),
        std::string("<a href='&#106;avascript:alert(1)'>x</a>"),
        std::string("<a href='&#x6A;ava script:alert(1)'>x</a>"),
        std::string("<a href='javascript&colon;alert(1)'>x</a>"),
        std::string("<foreignObject><body/></foreignObject>"),
        std::string("<set attributeName='onmouseover' to='alert(1)'/>"),
        std::string("<iframe src='x'/>"),
        std::string("<image href='data:image/svg+xml;base64,AAAA'/>"),
        std::string("<handler type='x'>y</handler>"),
        std::string("<ns:handler xmlns:ns='urn:x'/>"),
        std::string("<use href='https://elsewhere.example/x.svg#a' onfocusin='x()'/>"),
        std::string("<rect unheard-of='x'/>"),
        std::string("<unheardOf/>"),
        std::string("<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>"),
        std::string("<rect ev:event='load' xmlns:ev='http://www.w3.org/2001/xml-events'/>"),
        std::string("<animate attributeName='xlink:href' values='javascript:alert(1)'/>"),
        std::string("<style>@import 'https://elsewhere.example/x.css';</style>"),
        std::string("<style>@\\69mport 'x.css';</style>"),
        std::string("<rect style='fill:url(java\\73 cript:alert(1))'/>"),
        std::string("<title><![CDATA[<img src=x onerror=alert(1)>]]></title>"),
        std::string("<!--><img src='x'/>-->"),
        std::string("<g xml:base='https://elsewhere.example/'/>"),
        std::string("<script xmlns='http://www.figma.com/figma/ns'>alert(1)</script>"),
        std::string("<P xmlns='http://www.figma.com/figma/ns'><iframe src='javascript:alert(1)'/></P>"),
        std::string("<style>a{content:\"/*\";} @import 'https://x.example/y.css'; b{content:\"*/\"}</style>"),
        std::string("<rect>"),
        std::string("<?php system('id') ?>")})
    EXPECT_FALSE(Takes("flag.svg", Svg(inside))) << inside;
  EXPECT_FALSE(Takes("flag.svg",
                     "<!DOCTYPE svg [<!ENTITY x \"<script>alert(1)</script>\">]><svg "
                     "xmlns=\"http://www.w3.org/2000/svg\">&x;</svg>"));
  EXPECT_FALSE(Takes(
      "flag.svg",
      "<?xml version=\"1.0\"?><?xml-stylesheet href=\"x.xsl\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>"));
  EXPECT_FALSE(Takes(
      "flag.svg", "<?xml version=\"1.0\" encoding=\"UTF-7\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>"));
  // What a DOCTYPE adds to an element stands nowhere in it.
  EXPECT_FALSE(Takes("flag.svg",
                     "<!DOCTYPE svg [<!ATTLIST svg onload CDATA \"alert(1)\">]><svg "
                     "xmlns=\"http://www.w3.org/2000/svg\"/>"));
  // Blanks around the sign, and a name that another encoding puts together.
  EXPECT_FALSE(
      Takes("flag.svg",
            "<?xml version=\"1.0\" encoding = \"ISO-2022-JP\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><scr"
            "\x1b(Jipt>alert(1)</scr\x1b(Jipt></svg>"));
  EXPECT_FALSE(
      Takes("flag.svg", absl::StrCat("<?xml version=\"1.0\"", std::string(300, ' '),
                                     "encoding='ISO-2022-JP'?><svg xmlns=\"http://www.w3.org/2000/svg\"/>")));
  EXPECT_FALSE(Takes("flag.svg", "\xFF\xFE<\0s\0v\0g\0"));
  EXPECT_FALSE(Takes("flag.svgz", std::string("\x1f\x8b\x08\0\0\0\0\0", 8)));
}

TEST(FileTypeTest, TakesDrawingsOfDrawingPrograms) {
  EXPECT_TRUE(Takes(
      "flag.svg",
      Svg("<sodipodi:namedview xmlns:sodipodi='http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd' "
          "id='base'/>"
          "<metadata><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
          "xmlns='http://web.resource.org/cc/'><Work rdf:about=''><license/></Work></rdf:RDF></metadata>"
          "<style>/* of the flag */ .three{fill:red}</style>"
          "<linearGradient id='a'/><g fill='url(#a)' style='stroke:none;marker:url(#m)' aria-label='on top'>"
          "<use xlink:href='#a' xmlns:xlink='http://www.w3.org/1999/xlink'/></g>"
          "<style><![CDATA[.one > .two{fill:url(#a)}]]></style>"
          "<animate attributeName='fill-opacity' dur='1s'/><!-- a comment -->")));
}

TEST(FileTypeTest, LooksIntoOtherMarkupForWhatBrowsersActOn) {
  EXPECT_TRUE(Takes("feed.xml", "<?xml version=\"1.0\"?><stock><item onhand='3' unit=\"pieces\"/></stock>"));
  EXPECT_FALSE(Takes(
      "feed.xml",
      "<?xml version=\"1.0\"?><x xmlns:h='http://www.w3.org/1999/xhtml'><h:script>alert(1)</h:script></x>"));
  EXPECT_FALSE(Takes(
      "feed.xml",
      "<?xml version=\"1.0\"?><x><s:script xmlns:s='http://www.w3.org/2000/svg'>alert(1)</s:script></x>"));
  EXPECT_FALSE(Takes("feed.xml", "<?xml version=\"1.0\"?><?xml-stylesheet href=\"x.xsl\"?><x/>"));
}

TEST(FileTypeTest, LooksIntoMarkupWhateverItsNameSays) {
  const std::string script = "<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>";
  for (const std::string name : {"a.atom", "a.rdf", "a.kml", "a.xspf", "a", "a.unheardof"}) {
    for (const std::string before : {"", " \n", "\xEF\xBB\xBF", "<!-- -->"})
      EXPECT_FALSE(Takes(name, absl::StrCat(before, "<x>", script, "</x>"))) << name << " " << before;
    EXPECT_TRUE(Takes(name, "<x><item n='1'>words</item></x>")) << name;
    std::string wide = "\xFF\xFE";
    for (const char c : script) wide.append({c, '\0'});
    EXPECT_FALSE(Takes(name, wide)) << name;
  }
  // Nobody reads these as anything but words.
  EXPECT_TRUE(Takes("a.md", "<p align=center> *words* <br>"));
  EXPECT_TRUE(Takes("a.txt", "<3 and <tags> that never end"));
}

TEST(FileTypeTest, ARuleThatNamesPagesTakesThemAsTheyAre) {
  v1::FileRule rule;
  rule.add_allowed_extensions("html");
  rule.add_allowed_extensions("txt");
  const std::string page = "<!DOCTYPE html><html><body><br>words</body></html>";
  EXPECT_TRUE(Takes("page.html", page, rule));
  EXPECT_FALSE(Takes("page.txt", page, rule));
}

}  // namespace
}  // namespace cognate::file_transfer
