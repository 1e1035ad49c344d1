<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Closure;
use Cognate\Client\CallOptions;
use Cognate\Client\Transport;
use Cognate\V1\BatchReadRequest;
use Cognate\V1\BatchReadResponse;
use Cognate\V1\BatchWriteRequest;
use Cognate\V1\BatchWriteResponse;
use Cognate\V1\CaptureRequest;
use Cognate\V1\CaptureResponse;
use Cognate\V1\CaptureResult;
use Cognate\V1\Change;
use Cognate\V1\CheckResponse;
use Cognate\V1\Delivery;
use Cognate\V1\DeliveryServiceReportRequest;
use Cognate\V1\DeliveryServiceReportResponse;
use Cognate\V1\File;
use Cognate\V1\ListEventsResponse;
use Cognate\V1\MissingResponse;
use Cognate\V1\Operation;
use Cognate\V1\OutcomeError;
use Cognate\V1\Placement;
use Cognate\V1\PlacementState;
use Cognate\V1\PlaceRequest;
use Cognate\V1\PlaceResponse;
use Cognate\V1\PullResponse;
use Cognate\V1\PutModelsResponse;
use Cognate\V1\ReadRequest;
use Cognate\V1\ReadResponse;
use Cognate\V1\SmallFile;
use Cognate\V1\Value;
use Google\Protobuf\Internal\Message;

/** What the hub promises of changes: each counts once, by its id, and the last one to come is how the record is. */
final class FakeHub implements Transport
{
    /** @var array<string, int> versions by change id */
    public array $taken = [];
    /** @var array<string, array<string, string>|null> by model and local id: texts among the fields; null: deleted */
    public array $records = [];
    /** @var list<Delivery> given out by the next Pull */
    public array $deliveries = [];
    /** @var list<int> changes in each request */
    public array $requests = [];
    /** @var array<string, int> */
    public array $calls = [];
    /** @var array<string, Placement> by path */
    public array $placements = [];
    /** @var array<string, string> what became of them, by path */
    public array $placed = [];
    /** @var array<string, string> by hash */
    public array $contents = [];
    /** @var array<string, Value> files that records have, by model, local id and field */
    public array $files = [];
    /** @var Closure(string): string|null what comes in the place of a content */
    public ?Closure $spoil = null;
    /** @var Closure(string, Message): void|null what happens before a call arrives; it may throw what the way answers */
    public ?Closure $before = null;

    public function name(): string
    {
        return 'fake';
    }

    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message
    {
        $name = basename($method);
        $this->calls[$name] = ($this->calls[$name] ?? 0) + 1;
        if ($this->before !== null) {
            ($this->before)($name, $request);
        }
        return match ($name) {
            'Capture' => $this->capture($request),
            'Pull' => (new PullResponse())->setLease('lease')->setDeliveries(array_splice($this->deliveries, 0)),
            'Report' => new DeliveryServiceReportResponse(),
            'ListEvents' => (new ListEventsResponse())->setResumeToken('e1.0'),
            'PutModels' => new PutModelsResponse(),
            'Missing' => (new MissingResponse())->setPlacements(array_values($this->placements)),
            'Place' => $this->place($request),
            'Check' => (new CheckResponse())->setHas(array_map(fn (string $sha256): bool => isset($this->contents[$sha256]), iterator_to_array($request->getSha256s(), false))),
            'BatchRead' => $this->batchRead($request),
            'BatchWrite' => $this->batchWrite($request),
            default => throw new \LogicException("nobody has thought of $name"),
        };
    }

    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        assert($request instanceof ReadRequest);
        $this->calls['Read'] = ($this->calls['Read'] ?? 0) + 1;
        $content = substr($this->given($request->getSha256()), (int) $request->getOffset());
        foreach ($content === '' ? [] : str_split($content, 300_000) as $piece) {
            yield (new ReadResponse())->setData($piece);
        }
    }

    /** A content that a record of the application is to have. */
    public function due(string $path, string $content, string $name = ''): void
    {
        $sha256 = hash('sha256', $content, true);
        $this->contents[$sha256] = $content;
        $file = (new File())->setSha256($sha256)->setSizeBytes(strlen($content));
        $this->placements[$path] = (new Placement())->setState(PlacementState::PLACEMENT_STATE_DUE)->setPath($path)->setName($name)->setFile($file);
    }

    /** A content that others wait for. */
    public function lacking(string $path, string $content): void
    {
        $this->due($path, $content);
        unset($this->contents[hash('sha256', $content, true)]);
        $this->placements[$path]->setState(PlacementState::PLACEMENT_STATE_LACKING);
    }

    private function given(string $sha256): string
    {
        return $this->spoil === null ? $this->contents[$sha256] : ($this->spoil)($this->contents[$sha256]);
    }

    private function place(PlaceRequest $request): PlaceResponse
    {
        foreach ($request->getResults() as $result) {
            $this->placed[$result->getPath()] = $result->hasError() ? $result->getError()->getReason() : 'placed ' . ($result->getActualPath() ?: $result->getPath());
            if (!$result->hasError() || !$result->getError()->hasRetryDelay()) {
                unset($this->placements[$result->getPath()]);
            }
        }
        return new PlaceResponse();
    }

    private function batchRead(BatchReadRequest $request): BatchReadResponse
    {
        $files = array_map(fn (string $sha256): SmallFile => (new SmallFile())->setSha256($sha256)->setData($this->given($sha256)), iterator_to_array($request->getSha256s(), false));
        return (new BatchReadResponse())->setFiles($files)->setAnsweredCount(count($files));
    }

    private function batchWrite(BatchWriteRequest $request): BatchWriteResponse
    {
        foreach ($request->getFiles() as $file) {
            $this->contents[$file->getSha256()] = $file->getData();
        }
        return (new BatchWriteResponse())->setErrors(array_fill(0, count($request->getFiles()), new OutcomeError()));
    }

    private function capture(CaptureRequest $request): CaptureResponse
    {
        $results = [];
        $this->requests[] = count($request->getChanges());
        foreach ($request->getChanges() as $change) {
            $results[] = (new CaptureResult())->setChangeId($change->getChangeId())->setVersion($this->take($change));
        }
        return (new CaptureResponse())->setResults($results);
    }

    private function take(Change $change): int
    {
        if (isset($this->taken[$change->getChangeId()])) {
            return $this->taken[$change->getChangeId()];
        }
        $fields = [];
        foreach ($change->getFields() as $field) {
            $fields[$field->getName()] = (string) $field->getValue()?->getTextValue();
            if (in_array($field->getValue()?->getKind(), ['file_value', 'list_value'], true)) {
                $this->files["{$change->getModel()} {$change->getLocalId()} {$field->getName()}"] = $field->getValue();
            }
        }
        $this->records["{$change->getModel()} {$change->getLocalId()}"] = $change->getOperation() === Operation::OPERATION_DELETE ? null : $fields;
        return $this->taken[$change->getChangeId()] = 100 + count($this->taken);
    }
}
