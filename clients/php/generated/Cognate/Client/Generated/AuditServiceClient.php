<?php

// Made by tools/generate from cognate/v1/audit_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\AppendAuditEntriesRequest;
use Cognate\V1\AppendAuditEntriesResponse;
use Cognate\V1\ListAuditEntriesRequest;
use Cognate\V1\ListAuditEntriesResponse;

/**
 * Who did what. Part of feedback.
 *
 * Every RPC that changes how the cluster works is written down twice: before it is done (AUDIT_PHASE_BEGIN), and when it has ended
 * (AUDIT_PHASE_END). What cannot be written down is not done. Entries are only ever added, and each holds the hash of the one before.
 */
final class AuditServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Adds entries. For the services.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 100 entries, or one without method, principal or phase.
     *
     * @throws CognateException
     */
    public function appendAuditEntries(AppendAuditEntriesRequest $request, ?CallOptions $options = null): AppendAuditEntriesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.AuditService/AppendAuditEntries', $request, AppendAuditEntriesResponse::class, $options);
    }

    /**
     * Lists entries, oldest first.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): `page_token` was not given out by this method.
     *
     * @throws CognateException
     */
    public function listAuditEntries(ListAuditEntriesRequest $request, ?CallOptions $options = null): ListAuditEntriesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.AuditService/ListAuditEntries', $request, ListAuditEntriesResponse::class, $options);
    }
}
