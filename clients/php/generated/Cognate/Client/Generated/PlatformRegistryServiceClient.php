<?php

// Made by tools/generate from cognate/v1/platform_registry_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\AnalyzeModelsRequest;
use Cognate\V1\AnalyzeModelsResponse;
use Cognate\V1\CompareModelsRequest;
use Cognate\V1\CompareModelsResponse;
use Cognate\V1\CreatePlatformRequest;
use Cognate\V1\CreatePlatformResponse;
use Cognate\V1\CreateSyncRequest;
use Cognate\V1\CreateSyncResponse;
use Cognate\V1\DeletePlatformRequest;
use Cognate\V1\DeletePlatformResponse;
use Cognate\V1\DeleteSyncRequest;
use Cognate\V1\DeleteSyncResponse;
use Cognate\V1\GetModelRequest;
use Cognate\V1\GetModelResponse;
use Cognate\V1\GetPlatformRequest;
use Cognate\V1\GetPlatformResponse;
use Cognate\V1\GetRulesRequest;
use Cognate\V1\GetRulesResponse;
use Cognate\V1\GetSyncRequest;
use Cognate\V1\GetSyncResponse;
use Cognate\V1\LintSyncRequest;
use Cognate\V1\LintSyncResponse;
use Cognate\V1\ListModelsRequest;
use Cognate\V1\ListModelsResponse;
use Cognate\V1\ListPlatformsRequest;
use Cognate\V1\ListPlatformsResponse;
use Cognate\V1\ListSyncsRequest;
use Cognate\V1\ListSyncsResponse;
use Cognate\V1\PutModelsRequest;
use Cognate\V1\PutModelsResponse;
use Cognate\V1\UpdateModelRequest;
use Cognate\V1\UpdateModelResponse;
use Cognate\V1\UpdatePlatformRequest;
use Cognate\V1\UpdatePlatformResponse;
use Cognate\V1\UpdateSyncRequest;
use Cognate\V1\UpdateSyncResponse;

/**
 * Platforms, their models and the syncs between them.
 *
 * Every error carries one `google.rpc.ErrorInfo` with domain `cognate`; bad input also a `google.rpc.BadRequest` with the
 * paths of the wrong fields. UNAVAILABLE may be retried by anyone with backoff; creates are safe to retry with the same
 * `request_id`; all else is safe to retry as it is.
 */
final class PlatformRegistryServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Adds a platform.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): an id, kind or connection is missing or malformed.
     * * `ALREADY_EXISTS` (`PLATFORM_ALREADY_EXISTS`): there is one of that id.
     *
     * @throws CognateException
     */
    public function createPlatform(CreatePlatformRequest $request, ?CallOptions $options = null): CreatePlatformResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/CreatePlatform', $request, CreatePlatformResponse::class, $options);
    }

    /**
     * Gets one platform.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): `name` is not of the form `platforms/{id}`.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function getPlatform(GetPlatformRequest $request, ?CallOptions $options = null): GetPlatformResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/GetPlatform', $request, GetPlatformResponse::class, $options);
    }

    /**
     * Lists platforms by name.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): `page_token` was not given out by this method.
     *
     * @throws CognateException
     */
    public function listPlatforms(ListPlatformsRequest $request, ?CallOptions $options = null): ListPlatformsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/ListPlatforms', $request, ListPlatformsResponse::class, $options);
    }

    /**
     * Changes the fields named by `update_mask`: `display_name`, `channel`, `capture_mode`, `database`,
     * `webhook`, `delivery`, `lock`.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a value is malformed, or the mask names a field that cannot be changed.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     *
     * @throws CognateException
     */
    public function updatePlatform(UpdatePlatformRequest $request, ?CallOptions $options = null): UpdatePlatformResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/UpdatePlatform', $request, UpdatePlatformResponse::class, $options);
    }

    /**
     * Deletes a platform that no sync names.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     * * `FAILED_PRECONDITION` (`PLATFORM_IN_USE`): syncs name it; delete them first.
     *
     * @throws CognateException
     */
    public function deletePlatform(DeletePlatformRequest $request, ?CallOptions $options = null): DeletePlatformResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/DeletePlatform', $request, DeletePlatformResponse::class, $options);
    }

    /**
     * Reads the models out of a platform's database and stores them as its catalogue; custom entries stay as they are. Syncs that
     * no longer fit what was found are broken (`Sync.broken`), and nothing else is; those that fit again go on. Safe to call again
     * at any time.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     * * `FAILED_PRECONDITION` (`NO_DATABASE`): the platform has no database; its models come by `PutModels`.
     * * `FAILED_PRECONDITION` (`PLATFORM_UNREACHABLE`): the database cannot be reached, or refuses the login.
     *
     * @throws CognateException
     */
    public function analyzeModels(AnalyzeModelsRequest $request, ?CallOptions $options = null): AnalyzeModelsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/AnalyzeModels', $request, AnalyzeModelsResponse::class, $options);
    }

    /**
     * Stores models that a platform without a database describes itself, or that a person describes otherwise than the database
     * (`Model.origin`). Models that are not named stay as they are. Syncs are broken and mended as by `AnalyzeModels`.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a model has no name, no fields, or keys, pairs or files that name fields that it does
     *   not have.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function putModels(PutModelsRequest $request, ?CallOptions $options = null): PutModelsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/PutModels', $request, PutModelsResponse::class, $options);
    }

    /**
     * Changes the fields of a model that are not the platform's to say, named by `update_mask`: `assignable`. Analyses leave them as
     * they are. Syncs are broken and mended as by `AnalyzeModels`.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): the mask names a field that cannot be changed so.
     * * `NOT_FOUND` (`MODEL_NOT_FOUND`): the catalogue does not have it; `AnalyzeModels` reads it again.
     *
     * @throws CognateException
     */
    public function updateModel(UpdateModelRequest $request, ?CallOptions $options = null): UpdateModelResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/UpdateModel', $request, UpdateModelResponse::class, $options);
    }

    /**
     * Gets one model of the catalogue.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`MODEL_NOT_FOUND`): the catalogue does not have it; `AnalyzeModels` reads it again.
     *
     * @throws CognateException
     */
    public function getModel(GetModelRequest $request, ?CallOptions $options = null): GetModelResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/GetModel', $request, GetModelResponse::class, $options);
    }

    /**
     * Lists a platform's models by name.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function listModels(ListModelsRequest $request, ?CallOptions $options = null): ListModelsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/ListModels', $request, ListModelsResponse::class, $options);
    }

    /**
     * Judges whether records of one model can go into another, and proposes a sync that does it. Stores nothing. The same
     * catalogues and syncs always get the same answer.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): both are on the same platform.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`, `MODEL_NOT_FOUND`): there is no such platform, or no such model in its catalogue.
     *
     * @throws CognateException
     */
    public function compareModels(CompareModelsRequest $request, ?CallOptions $options = null): CompareModelsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/CompareModels', $request, CompareModelsResponse::class, $options);
    }

    /**
     * Adds a sync. It acts on changes that are captured from then on; a backfill brings what was captured before.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): unknown platform, model or field; a type that cannot be turned into the
     *   target's; a NOT NULL target field without default that is not mapped; a generated target field that is.
     * * `INVALID_ARGUMENT` (`MAPPING_CYCLE`): a field mapping and other syncs' would write a field back into another one of its model.
     * * `ALREADY_EXISTS` (`SYNC_ALREADY_EXISTS`): there is one of that id.
     * * `FAILED_PRECONDITION` (`FIELD_WRITTEN_TWICE`): another sync writes the same target field.
     * * `FAILED_PRECONDITION` (`MODEL_CANNOT_BE_CAPTURED`): for example a table without a primary key.
     *
     * @throws CognateException
     */
    public function createSync(CreateSyncRequest $request, ?CallOptions $options = null): CreateSyncResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/CreateSync', $request, CreateSyncResponse::class, $options);
    }

    /**
     * Gets one sync.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync.
     *
     * @throws CognateException
     */
    public function getSync(GetSyncRequest $request, ?CallOptions $options = null): GetSyncResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/GetSync', $request, GetSyncResponse::class, $options);
    }

    /**
     * Lists syncs by name.
     *
     * @throws CognateException
     */
    public function listSyncs(ListSyncsRequest $request, ?CallOptions $options = null): ListSyncsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/ListSyncs', $request, ListSyncsResponse::class, $options);
    }

    /**
     * Changes the fields named by `update_mask`: `status`, `fields`, `all_fields`, `filter`, `leave`, `on_delete`, `transforms`,
     * `natural_keys`, `if_exists`, `sync_ids`, `ignore_ids`, `only_assigned`, `conflict_policy`, each as a whole. Every revision is
     * kept.
     *
     * Errors: those of `CreateSync`, and
     *
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     *
     * @throws CognateException
     */
    public function updateSync(UpdateSyncRequest $request, ?CallOptions $options = null): UpdateSyncResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/UpdateSync', $request, UpdateSyncResponse::class, $options);
    }

    /**
     * Deletes a sync. What it brought stays where it is.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     *
     * @throws CognateException
     */
    public function deleteSync(DeleteSyncRequest $request, ?CallOptions $options = null): DeleteSyncResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/DeleteSync', $request, DeleteSyncResponse::class, $options);
    }

    /**
     * Judges a whole sync as `CreateSync` would, or for a known name as its replacement, and stores nothing. Answers everything
     * at once that is wrong or may surprise: there is an ERROR exactly where the create or update would be refused.
     *
     * @throws CognateException
     */
    public function lintSync(LintSyncRequest $request, ?CallOptions $options = null): LintSyncResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/LintSync', $request, LintSyncResponse::class, $options);
    }

    /**
     * Answers all rules in force with what follows from the catalogues, or nothing new. For the services.
     *
     * @throws CognateException
     */
    public function getRules(GetRulesRequest $request, ?CallOptions $options = null): GetRulesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PlatformRegistryService/GetRules', $request, GetRulesResponse::class, $options);
    }
}
