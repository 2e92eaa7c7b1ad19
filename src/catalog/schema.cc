#include "catalog/schema.h"

#include <array>

namespace zubr::catalog {
namespace {

// listing: one entry of one source, as it said it (fact: facts_text.h). model: what all listings of one model say
// together (model_record.h); it can be made anew from them at any time. address and name_key say which model is meant;
// they only ever grow together. Money is pico-dollars per token, days are YYYY-MM-DD, names compare without case.
constexpr std::string_view kTables = R"sql(
CREATE TABLE model (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, address TEXT NOT NULL, name TEXT NOT NULL, author TEXT NOT NULL,
  task TEXT NOT NULL, license TEXT NOT NULL, summary TEXT NOT NULL, open INTEGER, gated INTEGER,
  parameters INTEGER, active_parameters INTEGER, context INTEGER, inputs INTEGER NOT NULL, outputs INTEGER NOT NULL,
  languages TEXT NOT NULL, downloads INTEGER, likes INTEGER, pulls INTEGER, rank INTEGER, trending REAL,
  created TEXT NOT NULL, modified TEXT NOT NULL, base TEXT NOT NULL COLLATE NOCASE, relation TEXT NOT NULL,
  layers INTEGER, kv_heads INTEGER, head_size INTEGER, input INTEGER, output INTEGER, price INTEGER,
  free INTEGER NOT NULL, score REAL, smallest_file INTEGER, weight REAL NOT NULL);
CREATE INDEX model_downloads ON model (downloads DESC);
CREATE INDEX model_weight ON model (weight DESC);
CREATE INDEX model_base ON model (base) WHERE base <> '';
CREATE TABLE listing (
  id INTEGER PRIMARY KEY, model INTEGER NOT NULL REFERENCES model (id) DEFERRABLE INITIALLY DEFERRED,
  source TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, fact TEXT NOT NULL, seen TEXT NOT NULL, gone TEXT,
  round INTEGER NOT NULL DEFAULT 0, UNIQUE (source, name));
CREATE INDEX listing_model ON listing (model);
CREATE TABLE address (
  name TEXT NOT NULL COLLATE NOCASE, source TEXT NOT NULL, model INTEGER NOT NULL, PRIMARY KEY (name, source))
  WITHOUT ROWID;
CREATE INDEX address_model ON address (model);
CREATE TABLE name_key (name TEXT PRIMARY KEY, model INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX name_key_model ON name_key (model);
CREATE TABLE offer (
  listing INTEGER NOT NULL REFERENCES listing (id) ON DELETE CASCADE, provider TEXT NOT NULL, tag TEXT NOT NULL,
  input INTEGER, output INTEGER, cached INTEGER, context INTEGER, max_output INTEGER, quantization TEXT NOT NULL,
  latency REAL, speed REAL, trains INTEGER, retains INTEGER, region TEXT NOT NULL,
  PRIMARY KEY (listing, provider, tag)) WITHOUT ROWID;
CREATE TABLE price_change (
  source TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, provider TEXT NOT NULL, tag TEXT NOT NULL,
  day TEXT NOT NULL, input INTEGER, output INTEGER, PRIMARY KEY (source, name, provider, tag, day)) WITHOUT ROWID;
CREATE TABLE file (
  listing INTEGER NOT NULL REFERENCES listing (id) ON DELETE CASCADE, name TEXT NOT NULL COLLATE NOCASE,
  quantization TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (listing, name)) WITHOUT ROWID;
CREATE TABLE score (
  listing INTEGER NOT NULL REFERENCES listing (id) ON DELETE CASCADE, benchmark TEXT NOT NULL, value REAL NOT NULL,
  day TEXT NOT NULL, PRIMARY KEY (listing, benchmark)) WITHOUT ROWID;
CREATE INDEX score_benchmark ON score (benchmark, value DESC);
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, license TEXT NOT NULL, size TEXT NOT NULL,
  languages TEXT NOT NULL, tasks TEXT NOT NULL, tags TEXT NOT NULL, downloads INTEGER, likes INTEGER, trending REAL,
  created TEXT NOT NULL, modified TEXT NOT NULL);
CREATE TABLE source (
  name TEXT PRIMARY KEY, url TEXT NOT NULL, day TEXT NOT NULL, license TEXT NOT NULL, position TEXT NOT NULL DEFAULT '',
  round INTEGER NOT NULL DEFAULT 0);
CREATE TABLE answer (url TEXT PRIMARY KEY, etag TEXT NOT NULL, modified TEXT NOT NULL);
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'unicode61', prefix = '2 3');
CREATE VIRTUAL TABLE dataset_words USING fts5 (text, tokenize = 'unicode61');
)sql";

// What an update has read and not yet published (update/staging.h): pages as lines of facts (facts_text.h), or as the
// names of the listings that a page not changed since stands for. answer: what each address last answered.
constexpr std::string_view kStaging = R"sql(
CREATE TABLE staging (
  source TEXT PRIMARY KEY, wish TEXT NOT NULL, next TEXT NOT NULL, begun TEXT NOT NULL,
  entries INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0);
CREATE TABLE staged_page (
  source TEXT NOT NULL, number INTEGER NOT NULL, url TEXT NOT NULL, next TEXT NOT NULL, etag TEXT NOT NULL,
  modified TEXT NOT NULL, unchanged INTEGER NOT NULL, lines TEXT NOT NULL, PRIMARY KEY (source, number))
  WITHOUT ROWID;
CREATE INDEX staged_page_url ON staged_page (source, url);
DROP TABLE answer;
CREATE TABLE answer (
  url TEXT PRIMARY KEY, etag TEXT NOT NULL, modified TEXT NOT NULL, next TEXT NOT NULL, reader INTEGER NOT NULL,
  names TEXT NOT NULL);
)sql";

// Layers whose cache does not grow with the context.
constexpr std::string_view kCacheShapes = R"sql(
ALTER TABLE model ADD COLUMN window_layers INTEGER;
ALTER TABLE model ADD COLUMN window INTEGER;
ALTER TABLE model ADD COLUMN image_layers INTEGER;
ALTER TABLE model ADD COLUMN image_tokens INTEGER;
)sql";

constexpr std::array<std::string_view, 3> kSteps{kTables, kStaging, kCacheShapes};

}  // namespace

std::span<const std::string_view> schema_steps() { return kSteps; }

}  // namespace zubr::catalog
