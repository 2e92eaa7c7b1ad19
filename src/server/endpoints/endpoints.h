// Every endpoint, one file each; routes.cc says where they are.
#pragma once

#include "server/routes.h"

namespace zubr::server::endpoints {

void healthz(const Site& site, const Request& request, Exchange& exchange);           // healthz.cc
void readyz(const Site& site, const Request& request, Exchange& exchange);            // readyz.cc
void metrics(const Site& site, const Request& request, Exchange& exchange);           // metrics.cc
void list_models(const Site& site, const Request& request, Exchange& exchange);       // models.cc
void get_model(const Site& site, const Request& request, Exchange& exchange);         // models.cc
void chat_completions(const Site& site, const Request& request, Exchange& exchange);  // chat_completions.cc
void completions(const Site& site, const Request& request, Exchange& exchange);       // completions.cc
void embeddings(const Site& site, const Request& request, Exchange& exchange);        // embeddings.cc
void classify(const Site& site, const Request& request, Exchange& exchange);          // classify.cc

void create_response(const Site& site, const Request& request, Exchange& exchange);  // responses.cc
void get_response(const Site& site, const Request& request, Exchange& exchange);     // responses.cc
void delete_response(const Site& site, const Request& request, Exchange& exchange);  // responses.cc
void response_items(const Site& site, const Request& request, Exchange& exchange);   // responses.cc
void create_file(const Site& site, const Request& request, Exchange& exchange);      // files.cc
void list_files(const Site& site, const Request& request, Exchange& exchange);       // files.cc
void get_file(const Site& site, const Request& request, Exchange& exchange);         // files.cc
void file_content(const Site& site, const Request& request, Exchange& exchange);     // files.cc
void delete_file(const Site& site, const Request& request, Exchange& exchange);      // files.cc
void rerank(const Site& site, const Request& request, Exchange& exchange);           // rerank.cc
void moderations(const Site& site, const Request& request, Exchange& exchange);      // not_offered.cc
void transcriptions(const Site& site, const Request& request, Exchange& exchange);   // transcriptions.cc

// Ollama's API: ollama/
void ollama_generate(const Site& site, const Request& request, Exchange& exchange);    // ollama/generate.cc
void ollama_chat(const Site& site, const Request& request, Exchange& exchange);        // ollama/chat.cc
void ollama_embed(const Site& site, const Request& request, Exchange& exchange);       // ollama/embed.cc
void ollama_embeddings(const Site& site, const Request& request, Exchange& exchange);  // ollama/embed.cc
void ollama_tags(const Site& site, const Request& request, Exchange& exchange);        // ollama/tags.cc
void ollama_ps(const Site& site, const Request& request, Exchange& exchange);          // ollama/tags.cc
void ollama_version(const Site& site, const Request& request, Exchange& exchange);     // ollama/tags.cc
void ollama_show(const Site& site, const Request& request, Exchange& exchange);        // ollama/show.cc
void ollama_copy(const Site& site, const Request& request, Exchange& exchange);        // ollama/shelf.cc
void ollama_delete(const Site& site, const Request& request, Exchange& exchange);      // ollama/shelf.cc
void ollama_pull(const Site& site, const Request& request, Exchange& exchange);        // ollama/shelf.cc
void ollama_has_blob(const Site& site, const Request& request, Exchange& exchange);    // ollama/shelf.cc
void ollama_put_blob(const Site& site, const Request& request, Exchange& exchange);    // ollama/shelf.cc
void ollama_create(const Site& site, const Request& request, Exchange& exchange);      // ollama/create.cc
void ollama_push(const Site& site, const Request& request, Exchange& exchange);        // ollama/create.cc

// The catalog of models: catalog/catalog.cc
void catalog_search(const Site& site, const Request& request, Exchange& exchange);
void catalog_model(const Site& site, const Request& request, Exchange& exchange);
void catalog_compare(const Site& site, const Request& request, Exchange& exchange);
void catalog_leaderboard(const Site& site, const Request& request, Exchange& exchange);
void catalog_datasets(const Site& site, const Request& request, Exchange& exchange);
void catalog_fits(const Site& site, const Request& request, Exchange& exchange);

// llama-server's and Anthropic's
void llama_completion(const Site& site, const Request& request, Exchange& exchange);      // llama_server/completion.cc
void llama_tokenize(const Site& site, const Request& request, Exchange& exchange);        // llama_server/tokens.cc
void llama_detokenize(const Site& site, const Request& request, Exchange& exchange);      // llama_server/tokens.cc
void llama_apply_template(const Site& site, const Request& request, Exchange& exchange);  // llama_server/tokens.cc
void llama_props(const Site& site, const Request& request, Exchange& exchange);           // llama_server/props.cc
void llama_slots(const Site& site, const Request& request, Exchange& exchange);           // llama_server/props.cc
void anthropic_messages(const Site& site, const Request& request, Exchange& exchange);    // anthropic/messages.cc
void anthropic_count_tokens(const Site& site, const Request& request, Exchange& exchange);  // anthropic/messages.cc

}  // namespace zubr::server::endpoints
