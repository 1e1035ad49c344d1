<?php

// Made by tools/generate from cognate/v1/file_transfer_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\BatchReadRequest;
use Cognate\V1\BatchReadResponse;
use Cognate\V1\BatchWriteRequest;
use Cognate\V1\BatchWriteResponse;
use Cognate\V1\BindRequest;
use Cognate\V1\BindResponse;
use Cognate\V1\CancelWriteRequest;
use Cognate\V1\CancelWriteResponse;
use Cognate\V1\CheckRequest;
use Cognate\V1\CheckResponse;
use Cognate\V1\CollectRequest;
use Cognate\V1\CollectResponse;
use Cognate\V1\CreateLinkRequest;
use Cognate\V1\CreateLinkResponse;
use Cognate\V1\GetFileRequest;
use Cognate\V1\GetFileResponse;
use Cognate\V1\ListFilesRequest;
use Cognate\V1\ListFilesResponse;
use Cognate\V1\ListPlacementsRequest;
use Cognate\V1\ListPlacementsResponse;
use Cognate\V1\MissingRequest;
use Cognate\V1\MissingResponse;
use Cognate\V1\OpenLastingLinkRequest;
use Cognate\V1\OpenLastingLinkResponse;
use Cognate\V1\OpenLinkRequest;
use Cognate\V1\OpenLinkResponse;
use Cognate\V1\PlaceRequest;
use Cognate\V1\PlaceResponse;
use Cognate\V1\QueryWriteStatusRequest;
use Cognate\V1\QueryWriteStatusResponse;
use Cognate\V1\ReadRequest;
use Cognate\V1\ReadResponse;
use Cognate\V1\ScrubRequest;
use Cognate\V1\ScrubResponse;

/**
 * Holds the bytes that records refer to, each content once, and brings them to the platforms whose records refer to them.
 *
 * A platform is named by its id, or by its name `platforms/{id}`. UNAVAILABLE may be retried by anyone with backoff, after
 * `RetryInfo` where there is one; so may every call that says nothing else. A platform's key asks for its own platform: else
 * PERMISSION_DENIED (`NOT_YOUR_PLATFORM`). Lists answer another's `page_token`, or a `page_size` that is too large, with
 * INVALID_ARGUMENT (`INVALID_FIELD`).
 *
 * Not here: `Write`, which streams from the client; there is another call for the same.
 */
final class FileTransferServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Takes many small contents at once, each whole. Idempotent; may be retried by anyone. One that is wrong fails alone.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 1,000 files, or 4 MiB together.
     * * as `Write`, for all of them: `PLATFORM_NOT_FOUND`, `STORE_FULL`, `UPLOAD_QUOTA_EXCEEDED`, `STORE_UNAVAILABLE`.
     *
     * @throws CognateException
     */
    public function batchWrite(BatchWriteRequest $request, ?CallOptions $options = null): BatchWriteResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/BatchWrite', $request, BatchWriteResponse::class, $options);
    }

    /**
     * Says how far an upload is. May be retried by anyone.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no name of an upload, or no platform.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     * * `NOT_FOUND` (`UPLOAD_NOT_FOUND`): there is none, or it has expired. Begin again at 0.
     *
     * @throws CognateException
     */
    public function queryWriteStatus(QueryWriteStatusRequest $request, ?CallOptions $options = null): QueryWriteStatusResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/QueryWriteStatus', $request, QueryWriteStatusResponse::class, $options);
    }

    /**
     * Gives up an upload. What it had is removed. Idempotent.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no name of an upload, or no platform.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function cancelWrite(CancelWriteRequest $request, ?CallOptions $options = null): CancelWriteResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/CancelWrite', $request, CancelWriteResponse::class, $options);
    }

    /**
     * Streams a content, or a part of it; after a break ask for the rest. A platform's key reads what its own records refer to, or are
     * to refer to.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a hash that has not 32 bytes, a negative offset or limit.
     * * `NOT_FOUND` (`FILE_NOT_FOUND`): it is not stored.
     * * `OUT_OF_RANGE` (`INVALID_FIELD`): `offset` is behind its end.
     * * `DATA_LOSS` (`FILE_DAMAGED`): what is stored is no longer what it was; a scrub repairs it.
     * * `UNAVAILABLE` (`TOO_MANY_DOWNLOADS`): so many are read at once; `RetryInfo`.
     *
     * @return \Generator<int, ReadResponse, mixed, void>
     * @throws CognateException
     */
    public function read(ReadRequest $request, ?CallOptions $options = null): iterable
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->serverStream('/cognate.v1.FileTransferService/Read', $request, ReadResponse::class, $options);
    }

    /**
     * Gets many small contents at once: those that fit, in the order asked for.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 1,000 files.
     *
     * @throws CognateException
     */
    public function batchRead(BatchReadRequest $request, ?CallOptions $options = null): BatchReadResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FileTransferService/BatchRead', $request, BatchReadResponse::class, $options);
    }

    /**
     * Says which contents are stored, and where chunks of a content that is not are found in others. Contents above 4 MiB are cut at
     * places that the content itself determines (docs/files.md), so that a change in the middle moves no other chunk.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 10,000 hashes, or one that has not 32 bytes.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function check(CheckRequest $request, ?CallOptions $options = null): CheckResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FileTransferService/Check', $request, CheckResponse::class, $options);
    }

    /**
     * Says which files fields of a target's records are to have, and answers which of them are there. What is not is brought there
     * from then on, and its records are sent on their way again when it is. Idempotent. For the services.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 10,000 files, or one without record, field or rule.
     *
     * @throws CognateException
     */
    public function bind(BindRequest $request, ?CallOptions $options = null): BindResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/Bind', $request, BindResponse::class, $options);
    }

    /**
     * Lists what a platform's records are to have and the platform lacks, oldest first: for its agent, which reads each, verifies it,
     * moves it into place and says so by `Place`.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): no platform.
     *
     * @throws CognateException
     */
    public function missing(MissingRequest $request, ?CallOptions $options = null): MissingResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FileTransferService/Missing', $request, MissingResponse::class, $options);
    }

    /**
     * Says what an agent has put in place, or could not. Idempotent.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 1,000 results, or one without content or path.
     *
     * @throws CognateException
     */
    public function place(PlaceRequest $request, ?CallOptions $options = null): PlaceResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/Place', $request, PlaceResponse::class, $options);
    }

    /**
     * Lists how the files stand that a target's records are to have.
     *
     * @throws CognateException
     */
    public function listPlacements(ListPlacementsRequest $request, ?CallOptions $options = null): ListPlacementsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/ListPlacements', $request, ListPlacementsResponse::class, $options);
    }

    /**
     * Removes what nothing refers to any more: contents without a binding, and uploads that have expired. What was written or asked for
     * within the lease stays. A call that is cut off ends it; the next one does the rest.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a lease of less than an hour.
     * * `UNAVAILABLE` (`STORE_UNAVAILABLE`): the store cannot be listed or written to.
     *
     * @throws CognateException
     */
    public function collect(CollectRequest $request, ?CallOptions $options = null): CollectResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FileTransferService/Collect', $request, CollectResponse::class, $options);
    }

    /**
     * Reads every stored byte and compares it with its hash; streams how far it is. What is damaged is replaced from a platform that
     * has the file, where one can be reached. A call that is cut off ends it; the next one begins anew.
     *
     * @return \Generator<int, ScrubResponse, mixed, void>
     * @throws CognateException
     */
    public function scrub(ScrubRequest $request, ?CallOptions $options = null): iterable
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->serverStream('/cognate.v1.FileTransferService/Scrub', $request, ScrubResponse::class, $options);
    }

    /**
     * Gets what is known of a content. A platform's key: of what its own records refer to, or are to refer to.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`FILE_NOT_FOUND`): it is not stored.
     *
     * @throws CognateException
     */
    public function getFile(GetFileRequest $request, ?CallOptions $options = null): GetFileResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/GetFile', $request, GetFileResponse::class, $options);
    }

    /**
     * Lists contents, newest first.
     *
     * @throws CognateException
     */
    public function listFiles(ListFilesRequest $request, ?CallOptions $options = null): ListFilesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.FileTransferService/ListFiles', $request, ListFilesResponse::class, $options);
    }

    /**
     * Makes an address under which a browser gets a content from the gateway until it expires. Who has it needs no key.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a name that no file may have, or a lifetime below a minute or above 7 days.
     * * `NOT_FOUND` (`FILE_NOT_FOUND`): it is not stored.
     * * `FAILED_PRECONDITION` (`NO_LINK_KEY`): the services have no key to sign with (`--link-key-file`).
     *
     * @throws CognateException
     */
    public function createLink(CreateLinkRequest $request, ?CallOptions $options = null): CreateLinkResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FileTransferService/CreateLink', $request, CreateLinkResponse::class, $options);
    }

    /**
     * Opens what `CreateLink` made. For the gateway.
     *
     * Errors:
     *
     * * `PERMISSION_DENIED` (`LINK_REFUSED`): it is not one of ours, or has expired.
     *
     * @throws CognateException
     */
    public function openLink(OpenLinkRequest $request, ?CallOptions $options = null): OpenLinkResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FileTransferService/OpenLink', $request, OpenLinkResponse::class, $options);
    }

    /**
     * Opens what `Bind` has put into a field by a rule with `link_fallback`. Such an address does not expire: it is good while a field
     * of a record leads to its file, and a week longer. For the gateway.
     *
     * Errors:
     *
     * * `PERMISSION_DENIED` (`LINK_REFUSED`): it is not one of ours, or its key is not used any more.
     * * `NOT_FOUND` (`FILE_NOT_FOUND`): no record leads to the file any more.
     *
     * @throws CognateException
     */
    public function openLastingLink(OpenLastingLinkRequest $request, ?CallOptions $options = null): OpenLastingLinkResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.FileTransferService/OpenLastingLink', $request, OpenLastingLinkResponse::class, $options);
    }
}
