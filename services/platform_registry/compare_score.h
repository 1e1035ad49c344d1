// How well one field of a model fits one field of another platform's, and why. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cognate/v1/platform_registry_service.pb.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// How much two names have in common, from 0 to 1, and what, in words.
struct NameAffinity {
  double score = 0;
  std::string reason;
};

// Everything about two models is worked out once; then pairs of their fields are cheap. All that is given
// outlives it.
class FieldScorer {
 public:
  // `sync` says the two platforms and models.
  FieldScorer(const Configuration& configuration, const v1::Sync& sync, const v1::Model& source,
              const v1::Model& target);

  // Of fields by their places. Nothing where the two do not belong together: by name nor references, or
  // because no value can pass. A field that refers to a record goes only into one that may hold a reference:
  // another platform's ids are no plain values.
  std::optional<v1::ProposedMapping> Score(int source, int target) const;

 private:
  // A name's words, and what they mean.
  struct Phrase {
    explicit Phrase(std::vector<std::string> name_words);

    std::vector<std::string> words;
    std::vector<std::string> meanings;
    std::vector<std::string> numbers;
  };
  struct Side {
    const v1::ModelField* field = nullptr;
    Phrase whole;
    Phrase within;             // its model's name left out
    Phrase without_id;         // that, too
    std::string refers;        // the model of which it holds an id; empty if none
    bool is_declared = false;  // by a foreign key; else by its name
  };

  static NameAffinity Compare(const Phrase& source, const Phrase& target);
  NameAffinity CompareNames(const Side& source, const Side& target) const;
  NameAffinity CompareReferred(const std::string& source, const std::string& target) const;
  std::optional<v1::ProposedMapping> ScoreReference(const Side& source, const Side& target) const;
  std::optional<v1::ProposedMapping> ScoreValue(const Side& source, const Side& target) const;
  std::vector<Side> SidesOf(const std::string& platform, const v1::Model& model) const;
  void FindReferred(const std::string& platform, const v1::Model& model, Side* side) const;

  const Configuration& configuration_;
  const v1::Sync& sync_;
  const std::vector<Side> sources_;
  const std::vector<Side> targets_;
};

}  // namespace cognate::platform_registry
