<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Filament\Data\TableQuery;
use Cognate\Filament\Data\TroubleActions;
use Cognate\Filament\Data\TroubleRows;
use Cognate\Filament\Data\Words;
use Filament\Actions\Action;
use Filament\Forms\Components\TextInput;
use Filament\Tables\Table;
use Illuminate\Pagination\LengthAwarePaginator;

/** Deliveries that were refused for good, or whose attempts are spent. */
final class DeadLetters extends TroublePage
{
    protected const WORDS = 'dead_letters';
    protected const ICON = 'heroicon-o-archive-box-x-mark';

    protected static ?string $slug = 'cognate/dead-letters';
    protected static ?int $navigationSort = 5;

    public function table(Table $table): Table
    {
        return $this->hubTable($table)
            ->columns($this->troubleColumns())
            ->headerActions([$this->retryAllAction()])
            ->recordActions([$this->explainAction(), $this->retryAction(), $this->discardAction()]);
    }

    protected function rows(TableQuery $query): LengthAwarePaginator
    {
        return self::part(TroubleRows::class)->page(TroubleRows::DEAD, $query);
    }

    private function retryAllAction(): Action
    {
        return Action::make('retryAll')
            ->label(Words::of('actions.retry_all'))
            ->icon('heroicon-o-arrow-path')
            ->requiresConfirmation()
            ->visible(static fn (): bool => self::mayManage())
            ->schema([
                TextInput::make('platform')->label(Words::of('columns.platform'))->helperText(Words::of('dead_letters.all_platforms')),
                TextInput::make('reason')->label(Words::of('columns.reason'))->helperText(Words::of('dead_letters.all_reasons')),
            ])
            ->action(fn (array $data) => $this->attempt(static fn (): string => Words::of('done.retried', [
                'count' => self::part(TroubleActions::class)->retryDead((string) ($data['platform'] ?? ''), (string) ($data['reason'] ?? '')),
            ])));
    }
}
