<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Client\CallOptions;
use Cognate\Client\Cognate;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Files\Contents;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\V1\CaptureRequest;
use Cognate\V1\CaptureResponse;
use Cognate\V1\Change;
use Cognate\V1\DeliveryResult;
use Cognate\V1\DeliveryServiceReportRequest;
use Cognate\V1\EventFilter;
use Cognate\V1\ListEventsRequest;
use Cognate\V1\ListEventsResponse;
use Cognate\V1\MissingRequest;
use Cognate\V1\MissingResponse;
use Cognate\V1\Model;
use Cognate\V1\PlaceRequest;
use Cognate\V1\PlaceResult;
use Cognate\V1\PullRequest;
use Cognate\V1\PullResponse;
use Cognate\V1\PutModelsRequest;
use Cognate\V1\PutModelsResponse;
use Google\Protobuf\Duration;

/** What this platform asks the hub. The connection is made with the first question. */
final class Hub
{
    private ?Contents $contents = null;
    private bool $knowsWritten = true;

    /** @param Cognate|null $client in the place of the one that the configuration describes: for tests */
    public function __construct(private readonly Options $options, private ?Cognate $client = null)
    {
    }

    public function platform(): string
    {
        if ($this->options->platform === '') {
            throw new InvalidDefinition('cognate.platform: want the id that this application has at the hub; set COGNATE_PLATFORM');
        }
        return $this->options->platform;
    }

    public function client(): Cognate
    {
        if ($this->client === null) {
            $hub = array_filter($this->options->hub, static fn (mixed $value): bool => $value !== null && $value !== '');
            if (!isset($hub['address'])) {
                throw new InvalidDefinition('cognate.hub.address: want where the hub is, such as https://hub.example.org:7400; set COGNATE_ADDRESS');
            }
            $this->client = Cognate::connect($hub);
        }
        return $this->client;
    }

    /** @param list<Change> $changes in the order of their writes */
    public function capture(array $changes): CaptureResponse
    {
        $request = (new CaptureRequest())->setPlatform($this->platform())->setChanges($changes);
        // By this clock the hub sees how far the times of the changes are off, so it is set for each attempt.
        $stamp = static function () use ($request): void {
            $request->setSentTime(FieldValues::micros((int) (microtime(true) * 1_000_000)));
        };
        $stamp();
        return $this->client()->capture()->capture($request, new CallOptions(idempotent: true, beforeAttempt: $stamp));
    }

    /** Whether bytes that are written here are sent as they are; else messages are. */
    public function takesBytes(): bool
    {
        return !extension_loaded('protobuf') && $this->client()->transport()->name() === 'grpc';
    }

    /** @param list<string> $changes as EncodedCapture::change() gives them, in the order of their writes */
    public function captureBytes(array $changes): CaptureResponse
    {
        $request = EncodedCapture::of($this->platform(), $changes);
        $stamp = static fn () => $request->sentAt((int) (microtime(true) * 1_000_000));
        $stamp();
        $options = new CallOptions(idempotent: true, beforeAttempt: static function () use ($stamp): void {
            $stamp();
        });
        return $this->client()->transport()->unary('/cognate.v1.ChangeCaptureService/Capture', $request, CaptureResponse::class, $options);
    }

    public function pull(int $max, float $wait, int $leaseSeconds): PullResponse
    {
        $request = (new PullRequest())->setPlatform($this->platform())->setMaxDeliveries($max)
            ->setWait(self::duration($wait))->setLeaseDuration((new Duration())->setSeconds($leaseSeconds));
        return $this->client()->delivery()->pull($request, new CallOptions(timeout: $wait + 30.0, final: Puller::OBSTACLES));
    }

    /** @param list<DeliveryResult> $results */
    public function report(string $lease, array $results): void
    {
        if (!$this->knowsWritten) {
            array_map(static fn (DeliveryResult $result) => $result->clearWritten(), $results);
        }
        $request = (new DeliveryServiceReportRequest())->setPlatform($this->platform())->setLease($lease)->setResults($results);
        try {
            $this->client()->delivery()->report($request, new CallOptions(idempotent: true));
        } catch (InvalidArgument $error) {
            // A hub that is older than this package, and reads JSON: it gets what it knows.
            if (!$this->knowsWritten || preg_match('/written\b.*no such field/', $error->getMessage()) !== 1) {
                throw $error;
            }
            $this->knowsWritten = false;
            $this->report($lease, $results);
        }
    }

    public function events(string $token, int $max): ListEventsResponse
    {
        $request = (new ListEventsRequest())->setResumeToken($token)->setMaxEvents($max)->setWait(new Duration())
            ->setFilter((new EventFilter())->setSourcePlatforms([$this->platform()]));
        return $this->client()->event()->listEvents($request);
    }

    /** @param list<Model> $models */
    public function putModels(array $models): PutModelsResponse
    {
        $request = (new PutModelsRequest())->setPlatform('platforms/' . $this->platform())->setModels($models);
        return $this->client()->platformRegistry()->putModels($request);
    }

    /** The bytes of this platform's files. */
    public function contents(): Contents
    {
        return $this->contents ??= $this->client()->contents($this->platform());
    }

    /** Files that this platform lacks, or that others wait for. */
    public function missing(int $max, string $token): MissingResponse
    {
        $request = (new MissingRequest())->setPlatform($this->platform())->setPageSize($max)->setPageToken($token);
        return $this->client()->fileTransfer()->missing($request, new CallOptions(idempotent: true));
    }

    /** @param list<PlaceResult> $results at most 1,000 */
    public function place(array $results): void
    {
        $request = (new PlaceRequest())->setPlatform($this->platform())->setResults($results);
        $this->client()->fileTransfer()->place($request, new CallOptions(idempotent: true));
    }

    private static function duration(float $seconds): Duration
    {
        return (new Duration())->setSeconds((int) $seconds)->setNanos((int) (($seconds - (int) $seconds) * 1_000_000_000));
    }
}
