#include "services/file_transfer/placing/markup_names.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace cognate::file_transfer {
namespace {

using Names = absl::flat_hash_set<absl::string_view>;

const Names* NamesIn(absl::string_view text) {
  return new Names(absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty()));
}

constexpr char kElements[] =
    "a altGlyph altGlyphDef altGlyphItem animate animateColor animateMotion animateTransform circle clipPath "
    "color-profile cursor defs desc ellipse feBlend feColorMatrix feComponentTransfer feComposite "
    "feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA "
    "feFuncB "
    "feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset fePointLight "
    "feSpecularLighting feSpotLight feTile feTurbulence filter flowPara flowRegion flowRoot flowSpan font "
    "font-face font-face-format font-face-name font-face-src font-face-uri g glyph glyphRef hatch hatchpath "
    "hkern image line linearGradient marker mask mesh meshgradient meshpatch meshrow metadata missing-glyph "
    "mpath path pattern polygon polyline radialGradient rect set solidcolor stop style svg switch symbol "
    "text "
    "textPath title tref tspan use view vkern";

constexpr char kAttributes[] =
    "accent-height accumulate additive alignment-baseline allowReorder alphabetic amplitude arabic-form "
    "ascent "
    "attributeName attributeType autoReverse azimuth baseFrequency baseProfile baseline-shift bbox begin "
    "bias "
    "block-progression buffered-rendering by calcMode cap-height class clip clip-path clip-rule "
    "clipPathUnits "
    "color color-interpolation color-interpolation-filters color-profile color-rendering contentScriptType "
    "contentStyleType crossorigin cursor cx cy d decelerate decoding descent diffuseConstant direction "
    "display "
    "divisor dominant-baseline download dur dx dy edgeMode elevation enable-background end exponent "
    "externalResourcesRequired fill fill-opacity fill-rule filter filterRes filterUnits flood-color "
    "flood-opacity focusable font-family font-feature-settings font-kerning font-size font-size-adjust "
    "font-stretch font-style font-variant font-variant-caps font-variant-east-asian font-variant-ligatures "
    "font-variant-numeric font-variant-position font-variation-settings font-weight font format fr from fx "
    "fy "
    "g1 g2 glyph-name glyph-orientation-horizontal glyph-orientation-vertical glyphRef gradientTransform "
    "gradientUnits hanging height href hreflang horiz-adv-x horiz-origin-x horiz-origin-y id ideographic "
    "image-rendering in in2 inline-size intercept isolation k k1 k2 k3 k4 kernelMatrix kernelUnitLength "
    "kerning keyPoints keySplines keyTimes lang lengthAdjust letter-spacing lighting-color limitingConeAngle "
    "line-height local marker marker-end marker-mid marker-start markerHeight markerUnits markerWidth mask "
    "mask-type maskContentUnits maskUnits mathematical max media method min mix-blend-mode mode name "
    "numOctaves offset opacity operator order orient orientation origin overflow overline-position "
    "overline-thickness p-id paint-order panose-1 path pathLength patternContentUnits patternTransform "
    "patternUnits pitch pointer-events points pointsAtX pointsAtY pointsAtZ preserveAlpha "
    "preserveAspectRatio "
    "primitiveUnits r radius refX refY rel rendering-intent repeatCount repeatDur requiredExtensions "
    "requiredFeatures requiredFormats restart result role rotate rx ry scale seed shape-inside shape-margin "
    "shape-padding shape-rendering shape-subtract side slope solid-color solid-opacity spacing "
    "specularConstant specularExponent speed spreadMethod startOffset stdDeviation stemh stemv stitchTiles "
    "stop-color stop-opacity strikethrough-position strikethrough-thickness string stroke stroke-dasharray "
    "stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width style "
    "surfaceScale systemLanguage t tabindex tableValues target targetX targetY text-align text-anchor "
    "text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent "
    "text-orientation text-overflow text-rendering text-transform textLength title to transform "
    "transform-box transform-origin type u1 u2 underline-position underline-thickness unicode unicode-bidi "
    "unicode-range units-per-em v-alphabetic v-hanging v-ideographic v-mathematical values vector-effect "
    "version vert-adv-y vert-origin-x vert-origin-y viewBox viewTarget visibility white-space width widths "
    "will-change word-spacing writing-mode x x-height x1 x2 xChannelSelector y y1 y2 yChannelSelector z "
    "zoomAndPan";

constexpr char kEditors[] =
    "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd http://inkscape.sourceforge.net/DTD/sodipodi-0.dtd "
    "http://www.inkscape.org/namespaces/inkscape http://www.inkscape.org/namespace/inkscape "
    "http://www.w3.org/1999/02/22-rdf-syntax-ns# http://www.w3.org/2000/01/rdf-schema# "
    "http://purl.org/dc/elements/1.1/ http://purl.org/dc/terms/ http://purl.org/dc/dcmitype/ "
    "http://creativecommons.org/ns# http://web.resource.org/cc/ http://xmlns.com/foaf/0.1/ "
    "http://ns.adobe.com/AdobeIllustrator/10.0/ http://ns.adobe.com/AdobeSVGViewerExtensions/3.0/ "
    "http://ns.adobe.com/Graphs/1.0/ http://ns.adobe.com/Variables/1.0/ "
    "http://ns.adobe.com/ImageReplacement/1.0/ "
    "http://ns.adobe.com/SaveForWeb/1.0/ http://ns.adobe.com/Extensibility/1.0/ "
    "http://ns.adobe.com/Flows/1.0/ "
    "http://ns.adobe.com/GenericCustomNamespace/1.0/ http://ns.adobe.com/XPath/1.0/ "
    "http://ns.adobe.com/xap/1.0/ "
    "adobe:ns:meta/ http://www.bohemiancoding.com/sketch/ns http://www.figma.com/figma/ns "
    "http://www.serif.com/ https://boxy-svg.com https://svgjs.dev/svgjs http://svgjs.com/svgjs "
    "http://krita.org/namespaces/svg/krita http://karbon-application.org "
    "http://www.openclipart.org/openclipart http://openclipart.org/ http://vectornator.io";

constexpr char kDescriptions[] =
    "RDF Work License Agent Bag Seq Description license permits requires prohibits creator publisher rights";

}  // namespace

bool IsDescription(absl::string_view name) {
  static const Names* const names = NamesIn(kDescriptions);
  return names->contains(name);
}

bool IsDrawingElement(absl::string_view name) {
  static const Names* const names = NamesIn(kElements);
  return names->contains(name);
}

bool IsDrawingAttribute(absl::string_view name) {
  static const Names* const names = NamesIn(kAttributes);
  return names->contains(name) || absl::StartsWith(name, "aria-") || absl::StartsWith(name, "data-") ||
         absl::StartsWith(name, "-inkscape-");
}

bool IsEditorsNamespace(absl::string_view uri) {
  static const Names* const uris = NamesIn(kEditors);
  return uris->contains(uri);
}

}  // namespace cognate::file_transfer
