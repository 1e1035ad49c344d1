<?php

// Made by tools/generate from cognate/v1/rules_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\ApproveSyncRequest;
use Cognate\V1\ApproveSyncResponse;
use Cognate\V1\CompileRulesRequest;
use Cognate\V1\CompileRulesResponse;
use Cognate\V1\ReverseSyncRequest;
use Cognate\V1\ReverseSyncResponse;
use Cognate\V1\SetLeaveGuardRequest;
use Cognate\V1\SetLeaveGuardResponse;

/**
 * What follows from syncs: their way back, what a change of them takes away, and the rules that they come to. Errors and retries are as
 * in PlatformRegistryService.
 */
final class RulesServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Gives the sync for the other way of one: mapping turned round, chain inverted from its end, references and conflict policies
     * turned. Stores nothing.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): neither a name nor a sync, or both; or a pipeline that there is not.
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync.
     *
     * @throws CognateException
     */
    public function reverseSync(ReverseSyncRequest $request, ?CallOptions $options = null): ReverseSyncResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.RulesService/ReverseSync', $request, ReverseSyncResponse::class, $options);
    }

    /**
     * Takes the guard off a sync that is held (`Sync.guard`): what leaves by its rules is taken away from then on.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     * * `FAILED_PRECONDITION` (`SYNC_NOT_HELD`): nothing is held, or it is not counted yet.
     *
     * @throws CognateException
     */
    public function approveSync(ApproveSyncRequest $request, ?CallOptions $options = null): ApproveSyncResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.RulesService/ApproveSync', $request, ApproveSyncResponse::class, $options);
    }

    /**
     * Says what a guarded sync would take away: the guard is lifted, or the sync held. For the services.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync.
     * * `ABORTED` (`ETAG_MISMATCH`): it was changed since; count again.
     *
     * @throws CognateException
     */
    public function setLeaveGuard(SetLeaveGuardRequest $request, ?CallOptions $options = null): SetLeaveGuardResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.RulesService/SetLeaveGuard', $request, SetLeaveGuardResponse::class, $options);
    }

    /**
     * Answers the rules as they would be. Stores nothing. For the services.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): the sync is wrong.
     * * `NOT_FOUND` (`SYNC_NOT_FOUND`): there is no such sync, or it has no guard.
     *
     * @throws CognateException
     */
    public function compileRules(CompileRulesRequest $request, ?CallOptions $options = null): CompileRulesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.RulesService/CompileRules', $request, CompileRulesResponse::class, $options);
    }
}
