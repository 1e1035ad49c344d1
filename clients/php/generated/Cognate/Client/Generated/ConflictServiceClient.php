<?php

// Made by tools/generate from cognate/v1/conflict_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\GetConflictRequest;
use Cognate\V1\GetConflictResponse;
use Cognate\V1\ListConflictsRequest;
use Cognate\V1\ListConflictsResponse;
use Cognate\V1\ResolveConflictRequest;
use Cognate\V1\ResolveConflictResponse;

/**
 * Edits of one record on two platforms at the same time: what became of each, and how to have the other.
 */
final class ConflictServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Lists conflicts, newest first.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a page size or a page token that is none.
     *
     * @throws CognateException
     */
    public function listConflicts(ListConflictsRequest $request, ?CallOptions $options = null): ListConflictsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ConflictService/ListConflicts', $request, ListConflictsResponse::class, $options);
    }

    /**
     * Gets one conflict.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`CONFLICT_NOT_FOUND`): there is no such conflict.
     *
     * @throws CognateException
     */
    public function getConflict(GetConflictRequest $request, ?CallOptions $options = null): GetConflictResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ConflictService/GetConflict', $request, GetConflictResponse::class, $options);
    }

    /**
     * Says that what is in place is right, or gives the record the values that had lost; they then go to every platform as a new
     * version. May be retried by anyone: the same values twice are one change.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`CONFLICT_NOT_FOUND`): there is no such conflict.
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no resolution, or a field that the conflict does not have.
     * * `FAILED_PRECONDITION` (`RECORD_IS_GONE`): the record was deleted, so that nothing can be restored into it.
     *
     * @throws CognateException
     */
    public function resolveConflict(ResolveConflictRequest $request, ?CallOptions $options = null): ResolveConflictResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.ConflictService/ResolveConflict', $request, ResolveConflictResponse::class, $options);
    }
}
