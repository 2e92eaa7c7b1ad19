#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "router/guard/detectors.h"
#include "router/guard/guard.h"
#include "router/guard/mask.h"

namespace zubr::router {
namespace {

std::string found(std::string_view text) {
  std::string all;
  for (const Finding& finding : find_sensitive(text))
    all += std::string(all.empty() ? "" : "|") + std::string(sensitive_name(finding.kind)) + ":" +
           std::string(text.substr(finding.begin, finding.end - finding.begin));
  return all;
}

TEST(Detectors, FindNumbersByTheirChecksums) {
  EXPECT_EQ(found("PESEL 44051401359, dziękuję"), "PESEL:44051401359");
  EXPECT_EQ(found("PESEL 44051401358"), "") << "a wrong checksum is none";
  EXPECT_EQ(found("NIP 526-025-02-74."), "NIP:526-025-02-74");
  EXPECT_EQ(found("NIP: 5260250274"), "NIP:5260250274");
  EXPECT_EQ(found("NIP PL5260250274"), "NIP:5260250274");
  EXPECT_EQ(found("REGON 123456785"), "REGON:123456785");
  EXPECT_EQ(found("REGON 12345678512347"), "REGON:12345678512347");
  EXPECT_EQ(found("konto PL61 1090 1014 0000 0712 1981 2874!"), "IBAN:PL61 1090 1014 0000 0712 1981 2874");
  EXPECT_EQ(found("konto 61109010140000071219812874"), "IBAN:61109010140000071219812874");
  EXPECT_EQ(found("DE89 3704 0044 0532 0130 00"), "IBAN:DE89 3704 0044 0532 0130 00");
  EXPECT_EQ(found("GB82WEST12345698765432"), "IBAN:GB82WEST12345698765432");
  EXPECT_EQ(found("karta 4111 1111 1111 1111"), "CARD:4111 1111 1111 1111");
  EXPECT_EQ(found("karta 4111-1111-1111-1112"), "");
  EXPECT_EQ(found("378282246310005"), "CARD:378282246310005");
}

TEST(Detectors, FindAddressesTelephonesAndKeys) {
  EXPECT_EQ(found("pisz do jan.kowalski+x@firma.com.pl."), "EMAIL:jan.kowalski+x@firma.com.pl");
  EXPECT_EQ(found("Ala ma @kota i a@b"), "");
  EXPECT_EQ(found("tel. +48 600 700 800"), "PHONE:+48 600 700 800");
  EXPECT_EQ(found("tel. 600-700-800,"), "PHONE:600-700-800");
  EXPECT_EQ(found("0048 600700800"), "PHONE:0048 600700800");
  EXPECT_EQ(found("key sk-proj-abcdefghij0123456789 x"), "KEY:sk-proj-abcdefghij0123456789");
  EXPECT_EQ(found("AKIAIOSFODNN7EXAMPLE"), "KEY:AKIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(found("a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb"),
            "KEY:-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----");
  EXPECT_EQ(found("-----BEGIN PRIVATE KEY-----\nMII cut off"), "KEY:-----BEGIN PRIVATE KEY-----\nMII cut off");
}

TEST(Detectors, LeaveOrdinaryTextAlone) {
  EXPECT_EQ(found("W 2026 roku sprzedano 1 250 000 sztuk po 19,99 zł (wersja 3.14.159)."), "");
  EXPECT_EQ(found("commit 3e845c0, sha256:abcdef0123456789, sk-short, 12:34:56, 127.0.0.1:8080"), "");
  EXPECT_EQ(found("x44051401359y"), "") << "in a word";
  EXPECT_EQ(found("00000000000 0000000000 000000000"), "");
}

TEST(Detectors, TwoBesideEachOtherAreTwo) {
  EXPECT_EQ(found("44051401359 5260250274"), "PESEL:44051401359|NIP:5260250274");
  EXPECT_EQ(found("jan@a.pl,ola@b.pl"), "EMAIL:jan@a.pl|EMAIL:ola@b.pl");
}

TEST(Mask, TheSameValueHasOneNameAndComesBack) {
  const std::string text = "PESEL 44051401359 i jeszcze raz 44051401359, poczta jan@firma.pl";
  Mask mask({text});
  const std::string hidden = mask.hide(text, ~0u);
  EXPECT_EQ(hidden, "PESEL [PESEL_1] i jeszcze raz [PESEL_1], poczta [EMAIL_1]");
  EXPECT_EQ(mask.restore(hidden), text);
  EXPECT_EQ(mask.restore("[PESEL_2] [x] [PESEL_1"), "[PESEL_2] [x] [PESEL_1");
  EXPECT_EQ(mask.hidden(), 2u);
}

TEST(Mask, OnlyTheKindsThatAreAskedFor) {
  const std::string text = "44051401359 jan@firma.pl";
  Mask mask({text});
  EXPECT_EQ(mask.hide(text, 1u << static_cast<unsigned>(Sensitive::kEmail)), "44051401359 [EMAIL_1]");
}

TEST(Mask, ATextThatHasSuchANameGetsOthers) {
  const std::string text = "[PESEL_1] to nie 44051401359";
  Mask mask({text});
  const std::string hidden = mask.hide(text, ~0u);
  EXPECT_EQ(hidden, "[PESEL_1] to nie [#PESEL_1]");
  EXPECT_EQ(mask.restore(hidden), text);
}

RC_GTEST_PROP(MaskProperty, WhatIsHiddenComesBackHoweverTheStreamIsCut, ()) {
  std::string text;
  const auto parts = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("44051401359", " ", "jan@firma.pl", "[", "]", "[PESEL_1]", "[[", "słowo ",
                                    "PL61109010140000071219812874", "#", ", ", "[EMAIL_", "4111111111111111"));
  for (const std::string& part : parts) text += part;
  Mask mask({text});
  const std::string hidden = mask.hide(text, ~0u);
  RC_ASSERT(hidden.find("44051401359") == std::string::npos || find_sensitive(text).empty() ||
            find_sensitive(hidden).empty());
  Unmasker unmasker(mask);
  std::string out;
  for (std::size_t at = 0; at < hidden.size();) {
    const auto length = static_cast<std::size_t>(*rc::gen::inRange(1, 12));
    out += unmasker.feed(std::string_view(hidden).substr(at, length));
    at += length;
  }
  out += unmasker.finish();
  RC_ASSERT(out == text);
}

inference::GenerateRequest says(std::string text) {
  inference::GenerateRequest request;
  request.messages = {{inference::Role::kUser, std::move(text)}};
  return request;
}

TEST(Guard, BlocksOrKeepsOrMasks) {
  const auto request = says("PESEL 44051401359");
  EXPECT_EQ(Guarded::look({GuardAction::kBlock}, request).error().code(), ErrorCode::kPrivacy);
  EXPECT_TRUE(Guarded::look({GuardAction::kLocal}, request)->must_stay());
  EXPECT_FALSE(Guarded::look({GuardAction::kLocal}, says("nothing"))->must_stay());
  EXPECT_EQ(Guarded::look({GuardAction::kMask}, request)->outgoing(request).messages[0].content, "PESEL [PESEL_1]");
  EXPECT_EQ(Guarded::look({GuardAction::kOff}, request)->outgoing(request).messages[0].content, "PESEL 44051401359");
  const unsigned emails = 1u << static_cast<unsigned>(Sensitive::kEmail);
  EXPECT_TRUE(Guarded::look({GuardAction::kBlock, emails}, request)) << "only what was asked for";
}

TEST(Guard, WhatCannotBeLookedThroughDoesNotLeave) {
  for (const auto& request : {says("\xff"), says(std::string(17u << 20, 'x'))}) {
    EXPECT_EQ(Guarded::look({GuardAction::kBlock}, request).error().code(), ErrorCode::kPrivacy);
    EXPECT_TRUE(Guarded::look({GuardAction::kMask}, request)->must_stay());
    EXPECT_TRUE(Guarded::look({GuardAction::kLocal}, request)->must_stay());
  }
}

TEST(Guard, PutsValuesBackIntoEventsAndIntoTheJsonOfToolCalls) {
  const std::string key = "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----";
  const auto request = says("send " + key + " to jan@firma.pl");
  const auto guarded = *Guarded::look({GuardAction::kMask}, request);
  EXPECT_EQ(guarded.outgoing(request).messages[0].content, "send [KEY_1] to [EMAIL_1]");
  std::string text, arguments;
  const inference::EventSink sink = [&](const inference::Event& event) {
    if (const auto* delta = std::get_if<inference::TextDelta>(&event)) text += delta->text;
    if (const auto* call = std::get_if<inference::ToolCallDelta>(&event)) arguments += call->arguments;
  };
  Guarded::Restorer restorer(guarded, sink);
  restorer(inference::TextDelta{"To [EMA", {}});
  restorer(inference::TextDelta{"IL_1], and [", {}});
  restorer(inference::ToolCallDelta{0, "c", "send", R"({"k":"[KEY)"});
  restorer(inference::ToolCallDelta{0, "", "", R"(_1]"})"});
  restorer.flush();
  EXPECT_EQ(text, "To jan@firma.pl, and [");
  EXPECT_EQ(arguments, R"({"k":"-----BEGIN PRIVATE KEY-----\u000aMII\u000a-----END PRIVATE KEY-----"})");
}

RC_GTEST_PROP(DetectorsProperty, AnyBytesAreLookedThroughInOrder, (const std::string& text)) {
  std::size_t last = 0;
  for (const Finding& finding : find_sensitive(text)) {
    RC_ASSERT(finding.begin >= last);
    RC_ASSERT(finding.end > finding.begin);
    RC_ASSERT(finding.end <= text.size());
    last = finding.end;
  }
}

}  // namespace
}  // namespace zubr::router
