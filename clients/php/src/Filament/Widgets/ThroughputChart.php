<?php

declare(strict_types=1);

namespace Cognate\Filament\Widgets;

use Cognate\Client\Exception\CognateException;
use Cognate\Filament\Data\Statistics;
use Cognate\Filament\Data\Words;
use Filament\Widgets\ChartWidget;

/** Syncs and errors per minute, hour, day or week. */
final class ThroughputChart extends ChartWidget
{
    use AsksHub;

    public ?string $filter = 'hour';

    protected ?string $pollingInterval = '60s';

    public function getHeading(): string
    {
        return Words::of('widgets.history');
    }

    protected function getType(): string
    {
        return 'line';
    }

    protected function getFilters(): ?array
    {
        return array_combine(Statistics::STEPS, array_map(static fn (string $step): string => Words::of("widgets.per_$step"), Statistics::STEPS));
    }

    protected function getData(): array
    {
        try {
            $history = self::statistics()->history((string) $this->filter);
        } catch (CognateException) {
            $history = ['labels' => [], 'applied' => [], 'failed' => []];
        }
        return [
            'labels' => $history['labels'],
            'datasets' => [
                ['label' => Words::of('widgets.applied'), 'data' => $history['applied']],
                ['label' => Words::of('widgets.errors'), 'data' => $history['failed'], 'borderColor' => '#dc2626'],
            ],
        ];
    }
}
