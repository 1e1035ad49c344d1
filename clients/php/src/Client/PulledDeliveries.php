<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InvalidValue;
use Cognate\V1\DeliveryResult;
use Cognate\V1\DeliveryServiceReportRequest;
use Cognate\V1\PullRequest;
use Cognate\V1\PullResponse;
use Cognate\V1\SubscribeResponse;
use Google\Protobuf\Duration;

/**
 * Deliveries that were lent to this process for a while, parents before what refers to them. What is not reported by then is given out
 * again.
 *
 * @implements \IteratorAggregate<int, ReceivedDelivery>
 */
final class PulledDeliveries implements \Countable, \IteratorAggregate
{
    /** What a call may take beyond its wait, in seconds. */
    private const MARGIN = 15.0;
    private const MAX_RESULTS = 1000;

    /** @var list<ReceivedDelivery> */
    private array $deliveries = [];
    /** @var list<DeliveryResult> */
    private array $results = [];

    private function __construct(
        private readonly Cognate $cognate,
        public readonly string $platform,
        public readonly string $lease,
        public readonly ?\DateTimeImmutable $expireTime,
    ) {
    }

    /**
     * Asks for what is due.
     *
     * @param int $max 1 to 1,000
     * @param float $wait seconds for the first one, 0 to 60
     * @param float $lease seconds that applying and reporting them takes at most, 1 to 600
     * @throws CognateException
     */
    public static function from(
        Cognate $cognate,
        string $platform,
        int $max = 100,
        float $wait = 20.0,
        float $lease = 60.0,
        ?CallOptions $options = null,
    ): self {
        $request = new PullRequest([
            'platform' => $platform,
            'max_deliveries' => $max,
            'wait' => self::duration($wait),
            'lease_duration' => self::duration($lease),
        ]);
        $options ??= new CallOptions();
        if ($options->timeout === null) {
            $options = $options->withTimeout($wait + self::MARGIN);
        }
        return self::of($cognate, $platform, $cognate->delivery()->pull($request, $options));
    }

    /** Of an answer of `pull`, or one of `subscribe`. One that cannot be read is answered as refused, and the others go on. */
    public static function of(Cognate $cognate, string $platform, PullResponse|SubscribeResponse $response): self
    {
        $expires = $response->getExpireTime();
        $pulled = new self($cognate, $platform, $response->getLease(), $expires === null ? null : Values::time($expires));
        foreach ($response->getDeliveries() as $delivery) {
            try {
                $pulled->deliveries[] = ReceivedDelivery::of($delivery);
            } catch (InvalidValue $why) {
                $pulled->results[] = ReceivedDelivery::refusal($delivery, $why);
            }
        }
        return $pulled;
    }

    /** @return \ArrayIterator<int, ReceivedDelivery> */
    public function getIterator(): \ArrayIterator
    {
        return new \ArrayIterator($this->deliveries);
    }

    public function count(): int
    {
        return count($this->deliveries);
    }

    /** Keeps an answer until `report()`. */
    public function answer(DeliveryResult $result): void
    {
        $this->results[] = $result;
    }

    /**
     * Reports the answers that were kept. The end of it means: written down.
     *
     * @throws CognateException the answers are still kept then: call it again
     */
    public function report(?CallOptions $options = null): void
    {
        while ($this->results !== []) {
            $this->cognate->delivery()->report(new DeliveryServiceReportRequest([
                'platform' => $this->platform,
                'lease' => $this->lease,
                'results' => array_slice($this->results, 0, self::MAX_RESULTS),
            ]), $options);
            $this->results = array_slice($this->results, self::MAX_RESULTS);
        }
    }

    private static function duration(float $seconds): Duration
    {
        $whole = (int) floor($seconds);
        return new Duration(['seconds' => $whole, 'nanos' => (int) (($seconds - $whole) * 1e9)]);
    }
}
