<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Filament\Data\TroubleActions;
use Cognate\Filament\Data\TroubleRows;
use Cognate\Filament\Data\Words;
use Filament\Actions\Action;
use Filament\Tables\Columns\TextColumn;

/** What deliveries and dead letters have in common. */
abstract class TroublePage extends HubPage
{
    /** @return list<TextColumn> */
    protected function troubleColumns(): array
    {
        return [
            Columns::text('record'),
            Columns::text('target'),
            Columns::text('reason'),
            Columns::text('message')->limit(120)->tooltip(static fn (array $record): string => $record['message']),
            Columns::number('attempts'),
            Columns::time('since'),
            Columns::hidden(Columns::text('operation')),
            Columns::hidden(Columns::text('identity')),
        ];
    }

    protected function explainAction(): Action
    {
        return Action::make('explain')
            ->label(Words::of('actions.explain'))
            ->icon('heroicon-o-information-circle')
            ->modalHeading(static fn (array $record): string => $record['record'])
            ->modalDescription(static fn (array $record): string => self::text(static fn (): string => implode(' ', self::part(TroubleActions::class)->explain($record))))
            ->modalSubmitAction(false);
    }

    protected function retryAction(): Action
    {
        return Action::make('retry')
            ->label(Words::of('actions.retry'))
            ->icon('heroicon-o-arrow-path')
            ->visible(static fn (): bool => self::mayManage())
            ->action(fn (array $record) => $this->attempt(static fn (): string => Words::of('done.retried', ['count' => self::part(TroubleActions::class)->retry($record)])));
    }

    protected function discardAction(): Action
    {
        return Action::make('discard')
            ->label(Words::of('actions.discard'))
            ->icon('heroicon-o-trash')
            ->color('danger')
            ->requiresConfirmation()
            ->modalDescription(Words::of('dead_letters.discard_help'))
            ->visible(static fn (): bool => self::mayManage())
            ->action(fn (array $record) => $this->attempt(static fn (): string => Words::of('done.discarded', ['count' => self::part(TroubleActions::class)->discard($record)])));
    }
}
