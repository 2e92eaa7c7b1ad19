// How the same thing is written in many ways.
#include <array>

#include "generate.h"

namespace zubr::builtin {
namespace {

constexpr std::array<const char*, 58> kBeforePl = {
    "tani",      "tania",       "tanie",        "nowy",      "nowa",     "nowe",      "używany",    "używana",
    "używane",   "najlepszy",   "najlepsza",    "najlepsze", "dobry",    "dobre",     "czarny",     "czarna",
    "czarne",    "biały",       "biała",        "białe",     "czerwony", "czerwona",  "niebieskie", "zielony",
    "szara",     "różowy",      "złoty",        "srebrny",   "brązowe",  "granatowa", "duży",       "duża",
    "duże",      "mały",        "mała",         "małe",      "jaki",     "jaka",      "jakie",      "kupię",
    "sprzedam",  "gdzie kupić", "ile kosztuje", "polecany",  "markowy",  "modne",     "oryginalny", "profesjonalny",
    "elegancka", "ranking",     "zestaw",       "komplet",   "promocja", "klasyczny", "wygodne",    "lekki",
    "solidna",   "ładne"};
constexpr std::array<const char*, 50> kAfterPl = {"cena",       "opinie",       "sklep",        "sklep internetowy",
                                                  "tanio",      "promocja",     "wyprzedaż",    "damskie",
                                                  "damska",     "damski",       "męskie",       "męska",
                                                  "męski",      "dla dzieci",   "dla dziecka",  "dziecięce",
                                                  "dla kobiet", "dla mężczyzn", "na prezent",   "do domu",
                                                  "ranking",    "2024",         "online",       "xl",
                                                  "rozmiar 42", "rozmiar m",    "100 cm",       "1,5 l",
                                                  "500 g",      "czarny",       "czarne",       "biała",
                                                  "czerwone",   "niebieski",    "z dostawą",    "używane",
                                                  "nowość",     "warszawa",     "w okolicy",    "na raty",
                                                  "2 szt",      "drewniane",    "z bawełny",    "ze stali nierdzewnej",
                                                  "plastikowy", "20 kg",        "jakie wybrać", "premium",
                                                  "mini",       "hurtownia"};
constexpr std::array<const char*, 30> kBeforeEn = {
    "cheap",        "best",     "new",      "used",        "second hand",  "black",   "white",   "red",
    "blue",         "green",    "grey",     "pink",        "gold",         "silver",  "large",   "small",
    "mini",         "portable", "classic",  "buy",         "where to buy", "good",    "branded", "original",
    "professional", "elegant",  "set of 4", "lightweight", "top rated",    "discount"};
constexpr std::array<const char*, 32> kAfterEn = {
    "price",       "reviews", "for men",   "for women", "for kids",
    "men's",       "women's", "online",    "sale",      "near me",
    "shop",        "deals",   "2024",      "size 10",   "size m",
    "xl",          "100 cm",  "1.5 l",     "500 g",     "black",
    "white",       "red",     "as a gift", "for home",  "with free delivery",
    "second hand", "2 pcs",   "wooden",    "cotton",    "stainless steel",
    "plastic",     "premium"};

// Polish words change their ends; the same stem with another end is most often the same thing.
std::string inflected(const std::string& word, Random& random) {
  if (word.size() < 5) return word;
  const std::string stem = word.substr(0, word.size() - 1);
  constexpr std::array<const char*, 4> kForA = {"y", "ę", "i", "ą"};
  constexpr std::array<const char*, 3> kForY = {"ów", "ach", "ami"};
  constexpr std::array<const char*, 4> kOther = {"y", "a", "u", "em"};
  if (word.back() == 'a') return stem + random.pick(kForA);
  if (word.back() == 'y' || word.back() == 'i') return stem + random.pick(kForY);
  const auto last = static_cast<unsigned char>(word.back());
  if (last < 0x80 && std::string_view("bcdfgklmnprstwzh").find(word.back()) != std::string_view::npos)
    return word + random.pick(kOther);
  return word;
}

}  // namespace

std::string as_search(const std::string& word, bool polish, Random& random) {
  std::string text = word;
  if (polish && random.chance(0.12)) text = inflected(text, random);
  if (random.chance(0.22)) text = std::string(polish ? random.pick(kBeforePl) : random.pick(kBeforeEn)) + " " + text;
  if (random.chance(0.30)) text += std::string(" ") + (polish ? random.pick(kAfterPl) : random.pick(kAfterEn));
  return text;
}

std::string vary_label(const std::string& label, int style) {
  switch (style) {
    case 1: return lower(label);
    case 2: return upper(label);
    case 3: return title_case(label);
    default: return label;
  }
}

std::string vary_text(std::string text, Random& random) {
  const std::size_t style = random.below(20);
  if (style < 12)
    text = lower(text);
  else if (style == 12)
    text = upper(text);
  else if (style < 16)
    text = capitalised(text);
  if (random.chance(0.2)) text = without_polish_letters(text);
  if (random.chance(0.06)) text = with_typing_error(text, random);
  return text;
}

}  // namespace zubr::builtin
