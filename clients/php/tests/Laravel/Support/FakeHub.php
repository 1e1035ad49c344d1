<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Closure;
use Cognate\Client\CallOptions;
use Cognate\Client\Transport;
use Cognate\V1\CaptureRequest;
use Cognate\V1\CaptureResponse;
use Cognate\V1\CaptureResult;
use Cognate\V1\Change;
use Cognate\V1\Delivery;
use Cognate\V1\DeliveryServiceReportRequest;
use Cognate\V1\DeliveryServiceReportResponse;
use Cognate\V1\ListEventsResponse;
use Cognate\V1\Operation;
use Cognate\V1\PullResponse;
use Cognate\V1\PutModelsResponse;
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
            default => throw new \LogicException("nobody has thought of $name"),
        };
    }

    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        throw new \LogicException('nothing streams');
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
        }
        $this->records["{$change->getModel()} {$change->getLocalId()}"] = $change->getOperation() === Operation::OPERATION_DELETE ? null : $fields;
        return $this->taken[$change->getChangeId()] = 100 + count($this->taken);
    }
}
