<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\CallOptions;
use Cognate\Client\CapturedChange;
use Cognate\Client\ChangeBatch;
use Cognate\Client\Cognate;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Files\Contents;
use Cognate\Client\PulledDeliveries;
use Cognate\V1\Change;
use Cognate\V1\DeliveryResult;
use Cognate\V1\DeliveryServiceReportRequest;
use Cognate\V1\EnrolPlatformRequest;
use Cognate\V1\MissingRequest;
use Cognate\V1\MissingResponse;
use Cognate\V1\Model;
use Cognate\V1\PlaceRequest;
use Cognate\V1\PlaceResult;
use Cognate\V1\PutModelsRequest;
use Cognate\V1\PutModelsResponse;

/** What this site asks the hub. The connection is made with the first question. */
final class Hub
{
    /** Answers after which there is nothing to receive, while what is to be sent goes on. */
    public const OBSTACLES = ['PLATFORM_LOCKED', 'PLATFORM_IS_NO_AGENT', 'LANE_NOT_READY'];
    private ?Cognate $client = null;
    private ?Contents $contents = null;

    public function __construct(private readonly Settings $settings, private readonly KeyStore $key)
    {
    }

    public function platform(): string
    {
        $platform = $this->settings->text('platform');
        return $platform !== '' ? $platform : throw new \RuntimeException('this site has no platform yet; enrol it under Settings > Cognate');
    }

    public function client(): Cognate
    {
        return $this->client ??= Cognate::connect($this->options() + $this->key->options());
    }

    /** @param Cognate $client in the place of the one that the settings describe: for tests */
    public function use(Cognate $client): void
    {
        $this->client = $client;
        $this->contents = null;
    }

    public function forget(): void
    {
        $this->client = null;
        $this->contents = null;
    }

    /** A one-time token becomes this site's key. */
    public function enrol(#[\SensitiveParameter] string $token, string $name): string
    {
        $request = new EnrolPlatformRequest(['token' => $token, 'display_name' => $name]);
        $answer = Cognate::connect($this->options())->key()->enrolPlatform($request);
        $this->key->set($answer->getSecret());
        $this->forget();
        return preg_replace('#^platforms/#', '', (string) $answer->getKey()?->getPlatform());
    }

    /** @return array<string, mixed> */
    private function options(): array
    {
        $address = $this->settings->text('address');
        if ($address === '') {
            throw new \RuntimeException('the address of the hub is not set; want where its gateway is, such as https://hub.example.org');
        }
        $options = ['address' => $address, 'transport' => 'connect', 'user_agent' => 'cognate-wordpress', 'max_attempts' => 2, 'connect_timeout' => 5];
        if ($this->settings->text('ca_file') !== '') {
            $options['ca_file'] = $this->settings->text('ca_file');
        }
        return $options + ['plaintext' => $this->settings->isOn('plaintext')];
    }

    /**
     * @param list<Change> $changes
     * @return list<CapturedChange>
     */
    public function capture(array $changes, ?float $timeout = null): array
    {
        $batch = new ChangeBatch($this->platform());
        array_map($batch->add(...), $changes);
        return $batch->sendTo($this->client(), new CallOptions(timeout: $timeout, idempotent: true));
    }

    public function pull(int $max, float $wait, float $lease): PulledDeliveries
    {
        return PulledDeliveries::from($this->client(), $this->platform(), $max, $wait, $lease, new CallOptions(timeout: $wait + 30.0, final: self::OBSTACLES));
    }

    /** @param list<DeliveryResult> $results */
    public function report(array $results, string $lease = ''): void
    {
        foreach (array_chunk($results, 500) as $some) {
            $request = new DeliveryServiceReportRequest(['platform' => $this->platform(), 'lease' => $lease, 'results' => $some]);
            try {
                $this->client()->delivery()->report($request, new CallOptions(idempotent: true));
            } catch (InvalidArgument $error) {
                // A hub that is older than this plugin knows no such field, and takes the rest.
                $withMore = array_filter($some, static fn (DeliveryResult $result): bool => $result->getWritten() !== null);
                if ($withMore === []) {
                    throw $error;
                }
                array_map(static fn (DeliveryResult $result) => $result->clearWritten(), $withMore);
                $this->client()->delivery()->report($request, new CallOptions(idempotent: true));
            }
        }
    }

    /** @param list<Model> $models */
    public function putModels(array $models): PutModelsResponse
    {
        return $this->client()->platformRegistry()->putModels(new PutModelsRequest(['platform' => 'platforms/' . $this->platform(), 'models' => $models]));
    }

    /** The bytes of this site's files. */
    public function contents(): Contents
    {
        return $this->contents ??= $this->client()->contents($this->platform());
    }

    /** Files that this site lacks, or that others wait for. */
    public function missing(int $max, string $token): MissingResponse
    {
        $request = new MissingRequest(['platform' => $this->platform(), 'page_size' => $max, 'page_token' => $token]);
        return $this->client()->fileTransfer()->missing($request, new CallOptions(idempotent: true));
    }

    /** @param list<PlaceResult> $results */
    public function place(array $results): void
    {
        foreach (array_chunk($results, 500) as $some) {
            $this->client()->fileTransfer()->place(new PlaceRequest(['platform' => $this->platform(), 'results' => $some]), new CallOptions(idempotent: true));
        }
    }
}
