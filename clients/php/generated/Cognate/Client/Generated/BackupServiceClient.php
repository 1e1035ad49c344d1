<?php

// Made by tools/generate from cognate/v1/backup_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\ListPastRecordsRequest;
use Cognate\V1\ListPastRecordsResponse;
use Cognate\V1\RestoreRecordsRequest;
use Cognate\V1\RestoreRecordsResponse;

/**
 * What records were at a time, and their way back to it: as new versions that are delivered as every change is. Backups of
 * everything are files, of `cognate backup`.
 */
final class BackupServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * What a platform's records were at a time, beside what they are: page by page, a model after the other, by their local ids. Of the
     * change log; writes nothing. A page may have fewer records than asked for, or none.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform, no time, or a page size or a page token that is none.
     * * `NOT_FOUND` (`RECORD_UNKNOWN`): a record is named, and no change of it was ever captured.
     *
     * @throws CognateException
     */
    public function listPastRecords(ListPastRecordsRequest $request, ?CallOptions $options = null): ListPastRecordsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.BackupService/ListPastRecords', $request, ListPastRecordsResponse::class, $options);
    }

    /**
     * Gives records what they were, in the fields that syncs write to them. They then go to every platform as new versions, and come to
     * the records themselves by the way that leads back to them. A record that was changed after it was looked at is left alone, and so is
     * one that was deleted; nothing is deleted. May be repeated: a record that has the values already is left as it is.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform, or an item without record, version or state; above 500 items
     *   `BATCH_TOO_LARGE`.
     * * `FAILED_PRECONDITION` (`NO_WAY_BACK`): no active sync leads back to the records' model, so that nothing can be written there.
     *
     * @throws CognateException
     */
    public function restoreRecords(RestoreRecordsRequest $request, ?CallOptions $options = null): RestoreRecordsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.BackupService/RestoreRecords', $request, RestoreRecordsResponse::class, $options);
    }
}
