<?php

// Made by tools/generate from cognate/v1/ledger_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\AdoptRequest;
use Cognate\V1\AdoptResponse;
use Cognate\V1\BatchGetReplicasRequest;
use Cognate\V1\BatchGetReplicasResponse;
use Cognate\V1\CountReplicasRequest;
use Cognate\V1\CountReplicasResponse;
use Cognate\V1\GetReplicaStandsRequest;
use Cognate\V1\GetReplicaStandsResponse;
use Cognate\V1\GetReplicasRequest;
use Cognate\V1\GetReplicasResponse;
use Cognate\V1\ListPendingRequest;
use Cognate\V1\ListPendingResponse;
use Cognate\V1\PlanRequest;
use Cognate\V1\PlanResponse;
use Cognate\V1\ResolveRequest;
use Cognate\V1\ResolveResponse;
use Cognate\V1\SettleRequest;
use Cognate\V1\SettleResponse;

/**
 * Entities and replicas: who is who across platforms, and what is due where.
 *
 * `Resolve`, `Plan` and `Settle` are for the services; they move hundreds of records a call, in parallel arrays grouped by
 * model: entry i of every array belongs together. All three are idempotent and may be retried by the caller on UNAVAILABLE.
 */
final class LedgerServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Finds, and on demand makes, the entities of records.
     *
     * A record that is deleted keeps its identity for everything up to the deleting version. A newer version of the same
     * local id is a new entity, once the delete is applied on every target; until then it goes on as the same one.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): arrays of different lengths, or more than 10,000 records.
     *
     * @throws CognateException
     */
    public function resolve(ResolveRequest $request, ?CallOptions $options = null): ResolveResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.LedgerService/Resolve', $request, ResolveResponse::class, $options);
    }

    /**
     * Writes desired versions, and answers which of them are due. A version that is not newer than the desired one changes
     * nothing; it is due again if it is the desired one and is not applied.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): arrays of different lengths, or more than 10,000 records.
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there never was such a sync.
     * * `ABORTED` (`ENTITY_ENDED`): a source record was deleted between Resolve and Plan and its local id is used anew:
     *   resolve and plan again. What else was asked for may be planned.
     *
     * @throws CognateException
     */
    public function plan(PlanRequest $request, ?CallOptions $options = null): PlanResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.LedgerService/Plan', $request, PlanResponse::class, $options);
    }

    /**
     * Writes applied versions with local ids and fingerprints, or parks what cannot be applied now. Older never overwrites
     * newer. Where two entities claim the same local id, the newer version has it.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): arrays of different lengths, or more than 10,000 records.
     *
     * @throws CognateException
     */
    public function settle(SettleRequest $request, ?CallOptions $options = null): SettleResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.LedgerService/Settle', $request, SettleResponse::class, $options);
    }

    /**
     * Asks, for entities that are about to be written to a target for the first time, whether a record that the target has already
     * may become theirs. What may is noted at once, so that nobody else gets it. An entity that is known on that target alone,
     * because its record was captured there, gives its record up and ends: what was due elsewhere for it is due for the other.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): arrays of different lengths, or more than 10,000 records.
     *
     * @throws CognateException
     */
    public function adopt(AdoptRequest $request, ?CallOptions $options = null): AdoptResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.LedgerService/Adopt', $request, AdoptResponse::class, $options);
    }

    /**
     * Answers what targets have of entities, so that what `Plan` would say can be told beforehand. Writes nothing.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 10,000 entities.
     * * `NOT_FOUND` (`MODEL_NOT_FOUND`): there is no such model.
     *
     * @throws CognateException
     */
    public function getReplicaStands(GetReplicaStandsRequest $request, ?CallOptions $options = null): GetReplicaStandsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.LedgerService/GetReplicaStands', $request, GetReplicaStandsResponse::class, $options);
    }

    /**
     * Lists what is due on a platform by active syncs and not parked, oldest plan first: what a refill or a recovery replays.
     *
     * @throws CognateException
     */
    public function listPending(ListPendingRequest $request, ?CallOptions $options = null): ListPendingResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.LedgerService/ListPending', $request, ListPendingResponse::class, $options);
    }

    /**
     * Gets every replica of one record's entity, without troubles. The state of a parked replica is left unspecified: its
     * trouble, which feedback keeps, says which it is.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`RECORD_UNKNOWN`): no change of this record was ever captured, and nothing refers to it.
     *
     * @throws CognateException
     */
    public function getReplicas(GetReplicasRequest $request, ?CallOptions $options = null): GetReplicasResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.LedgerService/GetReplicas', $request, GetReplicasResponse::class, $options);
    }

    /**
     * Gets every replica of many entities, as GetReplicas does of one record's. What the ledger does not know has none.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 1,000 entities, one of them twice, or no 16 bytes.
     *
     * @throws CognateException
     */
    public function batchGetReplicas(BatchGetReplicasRequest $request, ?CallOptions $options = null): BatchGetReplicasResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.LedgerService/BatchGetReplicas', $request, BatchGetReplicasResponse::class, $options);
    }

    /**
     * Counts replicas by sync.
     *
     * @throws CognateException
     */
    public function countReplicas(CountReplicasRequest $request, ?CallOptions $options = null): CountReplicasResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.LedgerService/CountReplicas', $request, CountReplicasResponse::class, $options);
    }
}
